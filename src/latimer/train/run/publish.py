"""The models that a run hands out, and the choice between the best and the average."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latimer.model import CRITIC_FORMAT, Model, model_card, save_model
from latimer.nn.rl.critic import Critic
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import Recipe
from latimer.tensors import Tensors, load_weights
from latimer.train.checkpoint.averaging import Checkpoints, extrapolated
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
        """Write the folder `critic` beside the models; `network` are the keywords it was built by.

        Raises LatimerError when the disk refuses.
        """
        shared = {k: self.config[k] for k in ("vocabulary", "languages", "data")}
        config = {"reads": critic.reads, "network": network, **shared, "scores": {}}
        card, folder = model_card(config, command=self.command), self.folder / "critic"
        model = Model(critic.whole(), self.vocabulary, config)
        save_model(folder, model, card, layout=CRITIC_FORMAT)
        return folder

    def remove(self, name: str) -> None:
        """Delete the model folder `name`, and what a killed process left half-written."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        for leftover in self.folder.glob(f".{name}.*"):
            shutil.rmtree(leftover, ignore_errors=True)


def scores_of(candidate: Candidate, progress: Progress, kind: str) -> dict[str, Any]:
    """What a model's `config.json` says of how good it is and how it came about.

    A model of the kind `language_model` has a perplexity instead of BLEU.
    """
    quality = {"dev_bleu_greedy": candidate.bleu}
    if kind == "language_model":
        quality = {"dev_perplexity": perplexity(candidate.loss)}
    return {
        **quality,
        "updates": progress.earlier_updates + candidate.update,
        "minutes": round((progress.earlier_seconds + progress.seconds) / 60, 1),
    }


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
    kind = publisher.config["network"]["kind"]
    best = publisher.save("best", network, scores_of(candidates[0], progress, kind))
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
    factor, average = max(found, key=lambda one: _rank(one[1], kind))
    compared = ", ".join(f"{_named(len(candidates), r)}: {_quality(c, kind)}" for r, c in found)
    compared = f"{compared}; best: {_quality(candidates[0], kind)}"
    if _rank(average, kind) < _rank(candidates[0], kind):
        say(f"{compared}; the best is kept")
        return best
    say(f"{compared}; the average{_times(factor)} is kept")
    load_weights(network, tried[factor])
    known = {
        **scores_of(average, progress, kind),
        "checkpoints": len(candidates),
        "extrapolation": factor,
    }
    return publisher.save("average", network, known)


def _named(count: int, factor: float) -> str:
    return f"average of the best {count}{_times(factor)}"


def _times(factor: float) -> str:
    return "" if factor == 1 else f" (extrapolated by {factor:g})"


def _rank(candidate: Candidate, kind: str) -> float:
    """The higher the better."""
    return -candidate.loss if kind == "language_model" else candidate.bleu


def _quality(candidate: Candidate, kind: str) -> str:
    if kind == "language_model":
        return f"dev perplexity {perplexity(candidate.loss):.2f}"
    return f"dev BLEU {candidate.bleu:.2f}"
