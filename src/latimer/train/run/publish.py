"""The model folders that a run writes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

from latimer.model.card import model_card
from latimer.model.config import DataFacts, Languages, Scores, TextFacts
from latimer.model.folder import Model, save_model
from latimer.model.neural import NeuralConfig, VocabularyFacts, kind_of
from latimer.nn.description import NetworkDescription
from latimer.nn.rl.critic import Critic
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import Recipe, TextPair
from latimer.train.loop.loop import perplexity
from latimer.train.loop.progress import Candidate, Progress
from latimer.train.run.prepare import Prepared


class Publisher:
    """Writes model folders into `models` of a run."""

    def __init__(self, run: Path, recipe: Recipe, prepared: Prepared, command: str) -> None:
        """`command` is the command that made the model, for its card."""
        self.run, self.folder = run, run / "models"
        self.command = command
        self.vocabulary, self.lexicon = prepared.vocabulary, prepared.lexicon
        data = recipe.data
        self.config = NeuralConfig(
            kind=kind_of(recipe.model),
            network=recipe.model,
            vocabulary=VocabularyFacts.of(prepared.vocabulary),
            languages=Languages(source=data.source_language, target=data.target_language),
            data=DataFacts(
                train=_text_facts(data.train, "train", prepared),
                dev=_text_facts(data.dev, "dev", prepared),
            ),
            search=recipe.search,
        )

    def save(self, name: str, network: Seq2Seq, scores: Scores) -> Path:
        """Write the model folder `name`; returns it. Raises LatimerError when the disk refuses."""
        config = self.config.model_copy(update={"scores": scores})
        card = model_card(config, command=self.command)
        model = Model(network, self.vocabulary, config, self.lexicon)
        save_model(self.folder / name, model, card)
        return self.folder / name

    def save_critic(self, critic: Critic, network: NetworkDescription) -> Path:
        """Write the folder `critic` beside the models; `network` is what it was built from.

        Returns the folder. Raises LatimerError when the disk refuses.
        """
        config = NeuralConfig(
            kind="critic",
            reads=critic.reads,
            network=network,
            vocabulary=self.config.vocabulary,
            languages=self.config.languages,
            data=self.config.data,
        )
        card, folder = model_card(config, command=self.command), self.folder / "critic"
        model = Model(critic.whole(), self.vocabulary, config)
        save_model(folder, model, card)
        return folder

    def remove(self, name: str) -> None:
        """Delete the model folder `name` and unfinished copies of it that a killed process left."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        for leftover in self.folder.glob(f".{name}.*"):
            shutil.rmtree(leftover, ignore_errors=True)


def _text_facts(files: TextPair, part: Literal["train", "dev"], prepared: Prepared) -> TextFacts:
    return TextFacts(
        source=files.source,
        target=files.target,
        pairs=len(getattr(prepared, part)),
        too_long=None if prepared.too_long is None else prepared.too_long[part],
    )


def scores_of(candidate: Candidate, progress: Progress, *, translates: bool) -> Scores:
    """How good a model is and how it came about.

    A language model, which does not translate, has a perplexity instead of BLEU.
    """
    return Scores(
        dev_bleu_greedy=candidate.bleu if translates else None,
        dev_perplexity=None if translates else perplexity(candidate.loss),
        updates=progress.earlier_updates + candidate.update,
        minutes=round((progress.earlier_seconds + progress.seconds) / 60, 1),
    )
