"""Tuning: decode, add to the pool, optimise, and again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from latimer.errors import InputError
from latimer.statistical.sentences import Sentences
from latimer.statistical.tuning.bleu import Floats, bleu_counts, corpus_bleu
from latimer.statistical.tuning.features import FeatureWeights
from latimer.statistical.tuning.guard import HeldOut, held_out, mixture
from latimer.statistical.tuning.pool import NBest, NBestPool
from latimer.statistical.tuning.settings import TuningSettings
from latimer.statistical.tuning.tuners import TUNERS

LEAST_SENTENCES = 100
"""With fewer sentences nothing is tuned."""

PATIENCE = 2
"""Rounds without a better BLEU of the decoded set, after which tuning ends."""

Decode = Callable[[Floats], NBest]
"""Decodes the whole development set with some weights."""

Outcome = Literal["tuned", "mixed", "default", "too_small", "off"]


class Round(NamedTuple):
    """One decoding of the development set.

    number: 0 for the default weights; weights: those decoded with; bleu: of the first candidates;
    candidates, new: how many the pool has after it, and how many of them it did not have.
    """

    number: int
    weights: tuple[float, ...]
    bleu: float
    candidates: int
    new: int


@dataclass(frozen=True)
class TuningState:
    """The rounds so far: all that is needed to go on as if nothing had stopped."""

    rounds: tuple[Round, ...] = ()

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps([one._asdict() for one in self.rounds])

    @classmethod
    def from_json(cls, text: str) -> TuningState:
        """From what `as_json` wrote; raises InputError for anything else."""
        try:
            rows = json.loads(text)
            return cls(tuple(Round(**{**row, "weights": tuple(row["weights"])}) for row in rows))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"this is no state of tuning ({error}); tune anew") from None


@dataclass(frozen=True)
class Tuned:
    """Tuned weights.

    weights: `[features]` float64; dev_bleu: of the development set decoded with them, and
    default_bleu with the default weights (tokenised BLEU; none where nothing was decoded);
    rounds: how many times new weights were made; history: each decoding; held_out: see `guard`;
    sentences: of the development set.
    """

    weights: Floats
    outcome: Outcome
    dev_bleu: float | None
    default_bleu: float | None
    history: tuple[Round, ...]
    held_out: HeldOut | None
    sentences: int

    @property
    def rounds(self) -> int:
        """How many times new weights were made."""
        return max(len(self.history) - 1, 0)

    @property
    def message(self) -> str:
        """What came of it, in one line."""
        return _MESSAGES[self.outcome].format(
            sentences=self.sentences,
            least=LEAST_SENTENCES,
            before=self.default_bleu or 0.0,
            after=self.dev_bleu or 0.0,
            share=self.held_out.share if self.held_out else 0.0,
            p=self.held_out.p_value if self.held_out else 1.0,
        )


_MESSAGES: dict[Outcome, str] = {
    "tuned": "weights tuned on {sentences:,} sentences: BLEU there {before:.1f} → {after:.1f}",
    "mixed": "weights tuned on {sentences:,} sentences, {share:.0%} of the way from the default "
    "ones: BLEU there {before:.1f} → {after:.1f}",
    "default": "default weights kept: tuned ones were no better on sentences they were not tuned "
    "on (p = {p:.2f}); more than {sentences:,} development sentences may help",
    "too_small": "default weights kept: the development set has {sentences:,} sentences, and "
    "tuning needs at least {least}",
    "off": "default weights kept, as set",
}


def tune(
    decode: Decode,
    references: Sentences,
    features: FeatureWeights,
    settings: TuningSettings,
    *,
    state: TuningState | None = None,
    progress: Callable[[TuningState], None] | None = None,
) -> Tuned:
    """Tune the weights of a log-linear model on a development set.

    `decode` returns the candidates of its sentences, `settings.candidates` of each or fewer, best
    first; `references` are their reference translations, in the same token ids. `progress` is
    given the state after each decoding; with a `state` the rounds in it are decoded again, and
    tuning goes on from there. Raises InputError for an n-best list or a state that does not fit.

    Of all decoded weights those with the best BLEU are taken, as far as held-out sentences allow
    (see `latimer.statistical.tuning.guard`).
    """
    few = references.size < LEAST_SENTENCES
    if few or settings.kind == "none":
        outcome: Outcome = "off" if settings.kind == "none" else "too_small"
        return Tuned(features.default, outcome, None, None, (), None, references.size)
    run = _Run(decode, references, features, settings)
    for one in (state or TuningState()).rounds:
        if len(one.weights) != len(features.names):
            raise InputError(
                f"the state of tuning has {len(one.weights)} weights, the model "
                f"{len(features.names)} features; tune anew"
            )
        run.decode(np.array(one.weights))
    if not run.rounds:
        run.decode(features.default)
        _report(run, progress)
    while run.goes_on():
        run.decode(run.optimised())
        _report(run, progress)
    return run.result()


def _report(run: _Run, progress: Callable[[TuningState], None] | None) -> None:
    if progress is not None:
        progress(TuningState(tuple(run.rounds)))


class _Run:
    """Rounds of decoding, and the pool of their candidates."""

    def __init__(
        self,
        decode: Decode,
        references: Sentences,
        features: FeatureWeights,
        settings: TuningSettings,
    ) -> None:
        self._decode, self._references = decode, references
        self._features, self._settings = features, settings
        self._pool = NBestPool.empty(references.size, len(features.names))
        self.rounds: list[Round] = []

    def decode(self, weights: Floats) -> None:
        """Decode with `weights`, and add the candidates to the pool."""
        found = _checked(self._decode(weights), self._references, self._features)
        before = self._pool.candidates
        self._pool = self._pool.adding(found, self._references)
        after = self._pool.candidates
        bleu = _first_bleu(found, self._references)
        number = len(self.rounds)
        self.rounds.append(Round(number, tuple(weights.tolist()), bleu, after, after - before))

    def goes_on(self) -> bool:
        """Whether another round may help."""
        done = len(self.rounds) - 1
        if done >= self._settings.rounds or not self.rounds[-1].new:
            return False
        return done - self._best().number < PATIENCE

    def optimised(self) -> Floats:
        """New weights from the pool, near the best so far."""
        random = np.random.default_rng([self._settings.seed, 0, len(self.rounds)])
        start = np.array(self._best().weights)
        tuner = TUNERS[self._settings.kind]
        weights = tuner(self._pool, start, self._features, self._settings, random)
        return self._features.normalised(weights)

    def result(self) -> Tuned:
        """The best weights, as far as held-out sentences allow."""
        best, default = self._best(), self.rounds[0]
        judged = held_out(self._pool, self._features.default, self._features, self._settings)
        weights = mixture(self._features, np.array(best.weights), judged.share)
        bleu = best.bleu
        outcome: Outcome = "tuned"
        if judged.share == 0 or best.number == 0:
            weights, bleu, outcome = self._features.default, default.bleu, "default"
        elif judged.share < 1:
            found = _checked(self._decode(weights), self._references, self._features)
            bleu, outcome = _first_bleu(found, self._references), "mixed"
        rounds = tuple(self.rounds)
        return Tuned(weights, outcome, bleu, default.bleu, rounds, judged, self._references.size)

    def _best(self) -> Round:
        return max(self.rounds, key=lambda one: one.bleu)


def _first_bleu(found: NBest, references: Sentences) -> float:
    """BLEU of the first candidates."""
    first = Sentences.of(
        [found.hypotheses.sentence(row).tolist() for row in found.offsets[:-1].tolist()]
    )
    return corpus_bleu(bleu_counts(first, np.arange(references.size), references).sum(0))


def _checked(found: NBest, references: Sentences, features: FeatureWeights) -> NBest:
    sizes = np.diff(found.offsets)
    if len(sizes) != references.size:
        raise InputError(
            f"{len(sizes)} n-best lists for {references.size} references; each reference needs one"
        )
    if not sizes.all():
        raise InputError(f"sentence {int(sizes.argmin()) + 1} has no candidate; one is needed")
    if found.features.shape != (found.hypotheses.size, len(features.names)):
        raise InputError(
            f"features of candidates have the shape {found.features.shape}; "
            f"{(found.hypotheses.size, len(features.names))} is needed"
        )
    if not np.isfinite(found.features).all():
        raise InputError("a feature of a candidate is not a finite number")
    return found
