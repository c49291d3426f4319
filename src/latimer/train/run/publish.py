"""The models that a run hands out, and the choice between the best and the average."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latimer.model.card import model_card
from latimer.model.config import DataFacts, Languages, Scores, TextFacts
from latimer.model.folder import Model, save_model
from latimer.model.neural import NeuralConfig, VocabularyFacts
from latimer.nn.description import NetworkDescription
from latimer.nn.rl.critic import Critic
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import Recipe, TextPair
from latimer.train.checkpoint.averaging import Checkpoints, extrapolated
from latimer.train.checkpoint.tensors import Tensors, load_weights
from latimer.train.loop.loop import perplexity
from latimer.train.loop.progress import Candidate, Progress
from latimer.train.loop.validation import DevScores
from latimer.train.run.prepare import Prepared


class Publisher:
    """Writes model folders into `models` of a run."""

    def __init__(self, run: Path, recipe: Recipe, prepared: Prepared, command: str) -> None:
        """`command` is what made the model, for its card."""
        self.run, self.folder = run, run / "models"
        self.command = command
        self.vocabulary, self.lexicon = prepared.vocabulary, prepared.lexicon
        data = recipe.data
        self.config = NeuralConfig(
            kind=recipe.model.kind,
            network=recipe.model,
            vocabulary=VocabularyFacts.of(prepared.vocabulary),
            languages=Languages(source=data.source_language, target=data.target_language),
            data=DataFacts(
                train=_text_facts(data.train, len(prepared.train)),
                dev=_text_facts(data.dev, len(prepared.dev)),
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

        Raises LatimerError when the disk refuses.
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
        """Delete the model folder `name`, and what a killed process left half-written."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        for leftover in self.folder.glob(f".{name}.*"):
            shutil.rmtree(leftover, ignore_errors=True)


def _text_facts(files: TextPair, pairs: int) -> TextFacts:
    return TextFacts(source=files.source, target=files.target, pairs=pairs)


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


@dataclass(frozen=True)
class Extrapolation:
    """Where a phase began, and by how much the average is extrapolated from there."""

    begun: Tensors | None = None
    """Nothing else than the average itself is tried where this is not known."""
    factor: float = 1.0

    def averages(self, mean: Tensors, *, single: bool) -> dict[float, Tensors]:
        """What to try, by its factor; the mean of a `single` checkpoint is nothing new."""
        tried = {} if single else {1.0: mean}
        if self.begun is not None and self.factor != 1:
            tried[self.factor] = extrapolated(self.begun, mean, self.factor)
        return tried


def publish_final(
    publisher: Publisher,
    network: Seq2Seq,
    checkpoints: Checkpoints,
    progress: Progress,
    validate: Callable[[], DevScores | None],
    say: Callable[[str], None],
    further: Extrapolation | None = None,
) -> Path | None:
    """Write `best`, and `average` if its dev BLEU is no worse; returns the better folder.

    The average may go `further`, if that is better on dev. `network` is used as a vessel for all of
    them. None when `validate` was interrupted.
    """
    candidates = progress.candidates
    publisher.remove("average")
    load_weights(network, checkpoints.weights(candidates[0]))
    translates = publisher.config.reads_source
    best = publisher.save(
        "best", network, scores_of(candidates[0], progress, translates=translates)
    )
    if len(candidates) < 2 and candidates[0].update == 0:  # where the phase began
        return best
    mean = checkpoints.average(candidates)
    tried = (further or Extrapolation()).averages(mean, single=len(candidates) < 2)
    found: list[tuple[float, Candidate]] = []
    for factor, weights in tried.items():
        load_weights(network, weights)
        scores = validate()
        if scores is None:
            return None
        found.append((factor, Candidate(progress.update, scores.bleu, "", scores.loss)))
    if not found:
        return best
    factor, average = max(found, key=lambda one: _rank(one[1], translates))
    compared = ", ".join(
        f"{_named(len(candidates), r)}: {_quality(c, translates)}" for r, c in found
    )
    compared = f"{compared}; best: {_quality(candidates[0], translates)}"
    if _rank(average, translates) < _rank(candidates[0], translates):
        say(f"{compared}; the best is kept")
        return best
    say(f"{compared}; the average{_times(factor)} is kept")
    load_weights(network, tried[factor])
    made = {"checkpoints": len(candidates), "extrapolation": factor}
    known = scores_of(average, progress, translates=translates).model_copy(update=made)
    return publisher.save("average", network, known)


def _named(count: int, factor: float) -> str:
    return f"average of the best {count}{_times(factor)}"


def _times(factor: float) -> str:
    return "" if factor == 1 else f" (extrapolated by {factor:g})"


def _rank(candidate: Candidate, translates: bool) -> float:
    """The higher the better."""
    return candidate.bleu if translates else -candidate.loss


def _quality(candidate: Candidate, translates: bool) -> str:
    if translates:
        return f"dev BLEU {candidate.bleu:.2f}"
    return f"dev perplexity {perplexity(candidate.loss):.2f}"
