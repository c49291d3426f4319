"""The final models of a run, and the choice between the best checkpoint and the average."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from latimer.nn.seq2seq import Seq2Seq
from latimer.tensors import Tensors, load_weights
from latimer.train.checkpoint.averaging import Checkpoints, extrapolated
from latimer.train.loop.loop import perplexity
from latimer.train.loop.progress import Candidate, Progress
from latimer.train.loop.validation import DevScores
from latimer.train.run.publish import Publisher, scores_of


@dataclass(frozen=True)
class Extrapolation:
    """The initial weights of a phase, and the factor η by which the average is extrapolated."""

    initial: Tensors | None = None
    """Where they are unknown, only the average itself is tried."""
    factor: float = 1.0

    def averages(self, mean: Tensors, *, single: bool) -> dict[float, Tensors]:
        """Weights to try, by their factor; the mean of a `single` checkpoint is not tried again."""
        tried = {} if single else {1.0: mean}
        if self.initial is not None and self.factor != 1:
            tried[self.factor] = extrapolated(self.initial, mean, self.factor)
        return tried


@dataclass(frozen=True)
class Final:
    """Publishes the final models of a phase.

    `network` is used to hold the weights of all of them in turn; `validate` scores it, and gives
    None when interrupted; `say` is called with the result of the comparison.
    """

    publisher: Publisher
    network: Seq2Seq
    checkpoints: Checkpoints
    progress: Progress
    validate: Callable[[], DevScores | None]
    say: Callable[[str], None]
    extrapolation: Extrapolation = field(default_factory=Extrapolation)

    @property
    def translates(self) -> bool:
        """Whether the models are translators, which have BLEU; others have a perplexity."""
        return self.publisher.config.reads_source

    def publish(self) -> Path | None:
        """Write `best`, and `average` if its dev score is no worse; returns the better folder.

        None when `validate` was interrupted.
        """
        candidates = self.progress.candidates
        self.publisher.remove("average")
        load_weights(self.network, self.checkpoints.weights(candidates[0]))
        scores = scores_of(candidates[0], self.progress, translates=self.translates)
        best = self.publisher.save("best", self.network, scores)
        if len(candidates) < 2 and candidates[0].update == 0:  # the initial model
            return best
        mean = self.checkpoints.average(candidates)
        tried = self.extrapolation.averages(mean, single=len(candidates) < 2)
        scored = self._scored(tried)
        if scored is None:
            return None
        return self._choose(tried, scored, best) if scored else best

    def _scored(self, tried: dict[float, Tensors]) -> dict[float, Candidate] | None:
        """The dev scores of each set of weights, by its factor; None when interrupted."""
        scored = {}
        for factor, weights in tried.items():
            load_weights(self.network, weights)
            scores = self.validate()
            if scores is None:
                return None
            scored[factor] = Candidate(self.progress.update, scores.bleu, "", scores.loss)
        return scored

    def _choose(
        self, tried: dict[float, Tensors], scored: dict[float, Candidate], best: Path
    ) -> Path:
        """Publish the better average unless `best` is better still; the better folder."""
        candidates, translates = self.progress.candidates, self.translates
        factor, average = max(scored.items(), key=lambda one: _rank(one[1], translates))
        name = f"average of the best {len(candidates)}"
        compared = ", ".join(
            f"{name}{_times(f)}: {_quality(c, translates)}" for f, c in scored.items()
        )
        compared = f"{compared}; best: {_quality(candidates[0], translates)}"
        if _rank(average, translates) < _rank(candidates[0], translates):
            self.say(f"{compared}; the best is kept")
            return best
        self.say(f"{compared}; the average{_times(factor)} is kept")
        load_weights(self.network, tried[factor])
        made = {"checkpoints": len(candidates), "extrapolation": factor}
        scores = scores_of(average, self.progress, translates=translates)
        return self.publisher.save("average", self.network, scores.model_copy(update=made))


def _times(factor: float) -> str:
    return "" if factor == 1 else f" (extrapolated by {factor:g})"


def _rank(candidate: Candidate, translates: bool) -> float:
    """Greater is better."""
    return candidate.bleu if translates else -candidate.loss


def _quality(candidate: Candidate, translates: bool) -> str:
    if translates:
        return f"dev BLEU {candidate.bleu:.2f}"
    return f"dev perplexity {perplexity(candidate.loss):.2f}"
