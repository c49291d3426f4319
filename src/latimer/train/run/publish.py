"""The model folders that a run writes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from latimer.model import CRITIC_FORMAT, Model, model_card, save_model
from latimer.nn.rl.critic import Critic
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import Recipe
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
        self.config: dict[str, Any] = {
            "network": recipe.model.model_dump(mode="json"),
            "vocabulary": recipe.subwords.model_dump(mode="json", include={"kind", "size"}),
            "languages": {"source": data.source_language, "target": data.target_language},
            "data": {
                "train": {**data.train.model_dump(mode="json"), "pairs": len(prepared.train)},
                "dev": {**data.dev.model_dump(mode="json"), "pairs": len(prepared.dev)},
            },
            "search": recipe.search.model_dump(mode="json"),
        }

    def save(self, name: str, network: Seq2Seq, scores: dict[str, Any]) -> Path:
        """Write the model folder `name`; returns it. Raises LatimerError when the disk refuses."""
        config = {**self.config, "scores": scores}
        card = model_card(config, command=self.command)
        model = Model(network, self.vocabulary, config, self.lexicon)
        save_model(self.folder / name, model, card)
        return self.folder / name

    def save_critic(self, critic: Critic, network: dict[str, Any]) -> Path:
        """Write the folder `critic` beside the models; `network` is its network's description.

        Returns the folder. Raises LatimerError when the disk refuses.
        """
        shared = {k: self.config[k] for k in ("vocabulary", "languages", "data")}
        config = {"reads": critic.reads, "network": network, **shared, "scores": {}}
        card, folder = model_card(config, command=self.command), self.folder / "critic"
        model = Model(critic.whole(), self.vocabulary, config)
        save_model(folder, model, card, layout=CRITIC_FORMAT)
        return folder

    def remove(self, name: str) -> None:
        """Delete the model folder `name` and unfinished copies of it that a killed process left."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        for leftover in self.folder.glob(f".{name}.*"):
            shutil.rmtree(leftover, ignore_errors=True)


def scores_of(candidate: Candidate, progress: Progress, kind: str) -> dict[str, Any]:
    """The entry `scores` of a model's `config.json`: dev score, updates and minutes of training.

    `kind` is `model.kind`: a language model has a perplexity instead of BLEU.
    """
    quality = {"dev_bleu_greedy": candidate.bleu}
    if kind == "language_model":
        quality = {"dev_perplexity": perplexity(candidate.loss)}
    return {
        **quality,
        "updates": progress.earlier_updates + candidate.update,
        "minutes": round((progress.earlier_seconds + progress.seconds) / 60, 1),
    }
