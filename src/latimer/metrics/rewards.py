"""Rewards by name: scores of all prefixes of translations, at most 1, and 0 for the empty one.

A new reward is a file of this folder and an entry in REWARDS.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Real
from typing import Any, Protocol

import torch
from torch import Tensor

from latimer.errors import InputError, LatimerError
from latimer.metrics.chrf import prefix_chrf
from latimer.metrics.corpus_scores import sentence_score
from latimer.metrics.edits import agreement, prefix_edits
from latimer.metrics.sentence_bleu import bleu, prefix_bleu
from latimer.metrics.sentence_gleu import gleu, prefix_gleu
from latimer.metrics.spelling import Spelling
from latimer.metrics.units import Units
from latimer.metrics.user_function import user_function


class Reward(Protocol):
    """Scores of prefixes."""

    def __call__(
        self, hypotheses: Tensor, lengths: Tensor, references: Tensor, reference_lengths: Tensor, /
    ) -> Tensor:
        """Scores of the first 1, 2, … tokens of each hypothesis, `[rows, time]`, float64.

        `hypotheses [rows, time]`, `references [rows, reference_time]` token ids; lengths `[rows]`
        do not count EOS. Columns after the end of a hypothesis, and always the last one, hold the
        score of the whole; rows of length 0 hold 0.
        """


class Pieces(Protocol):
    """The pieces that token ids stand for: `latimer.text.vocabulary.subwords.Subwords`."""

    def decode(self, ids: Sequence[int], /) -> str:
        """The text of some pieces."""

    def spellings(self) -> list[str]:
        """The text that each piece adds, with a space in front where it begins a word."""


class WordReward:
    """A score on words, of every prefix of pieces.

    The last word of a prefix may be incomplete.
    """

    def __init__(self, spelling: Spelling, score: Callable[[Units, Units], Tensor]) -> None:
        """`score` gives the score up to each word, `[units]`, from written and reference words."""
        self.spelling, self.score = spelling, score

    def __call__(
        self, hypotheses: Tensor, lengths: Tensor, references: Tensor, reference_lengths: Tensor
    ) -> Tensor:
        """See `Reward`."""
        written, wanted = self.spelling.words(
            (hypotheses, lengths), (references, reference_lengths)
        )
        return written.of_prefixes(self.score(written, wanted))


class TextReward:
    """A function of the texts of whole translations and references.

    Incomplete prefixes score 0, so that the reward comes with the last action of a translation:
    EOS, or the last token at the maximum length.
    """

    def __init__(
        self,
        function: Callable[[str, str], float],
        decode: Callable[[list[int]], str],
        name: str,
        lowest: float = -1.0,
    ) -> None:
        """`decode` turns token ids into text; `name` is used in messages.

        Scores must be between `lowest` and 1, so that those of a mixture have one scale.
        """
        self.function, self.decode, self.name, self.lowest = function, decode, name, lowest

    def __call__(
        self, hypotheses: Tensor, lengths: Tensor, references: Tensor, reference_lengths: Tensor
    ) -> Tensor:
        """See `Reward`.

        Raises LatimerError when the function fails or its score is not between `lowest` and 1.
        """
        texts = [
            [self.decode(row[:n]) for row, n in zip(rows.tolist(), sizes.tolist(), strict=True)]
            for rows, sizes in ((hypotheses, lengths), (references, reference_lengths))
        ]
        scores = torch.zeros(hypotheses.shape, dtype=torch.float64)
        last = hypotheses.shape[1] - 1
        for row, (text, reference) in enumerate(zip(*texts, strict=True)):
            length = int(lengths[row])
            if length:
                scores[row, min(length, last) :] = self._score(text, reference)
        return scores.to(hypotheses.device)

    def _score(self, text: str, reference: str) -> float:
        about = f"for the translation {text!r} of which {reference!r} is the reference"
        remedy = "the last state is intact: correct the function and run the same command again"
        try:
            score: Any = self.function(text, reference)
        except (Exception, SystemExit) as error:
            raise LatimerError(
                f"the reward {self.name} failed {about}: {type(error).__name__}: {error}; {remedy}"
            ) from error
        if isinstance(score, bool) or not isinstance(score, Real) or not math.isfinite(score):
            raise LatimerError(
                f"the reward {self.name} gave {score!r} {about}; "
                f"a finite number is expected; {remedy}"
            )
        if not self.lowest - _ROUNDING <= float(score) <= 1 + _ROUNDING:
            raise LatimerError(
                f"the reward {self.name} gave {score!r} {about}; a number from "
                f"{self.lowest:g} to 1 is expected: divide percentages by 100; {remedy}"
            )
        return float(score)


_ROUNDING = 1e-6


class Mixture:
    """A weighted sum of rewards."""

    def __init__(self, parts: Mapping[str, tuple[float, Reward]]) -> None:
        """Weights and rewards by name."""
        self.parts = dict(parts)

    def __call__(
        self, hypotheses: Tensor, lengths: Tensor, references: Tensor, reference_lengths: Tensor
    ) -> Tensor:
        """See `Reward`."""
        total = torch.zeros(hypotheses.shape, dtype=torch.float64, device=hypotheses.device)
        for weight, reward in self.parts.values():
            total += weight * reward(hypotheses, lengths, references, reference_lengths)
        return total


def _chrf(pieces: Pieces) -> Reward:
    return partial(prefix_chrf, Spelling(pieces.spellings()))


def _ter(pieces: Pieces) -> Reward:
    rate = sentence_score("ter")

    def score(text: str, reference: str) -> float:
        return 1 - rate(text, reference) / 100

    return TextReward(score, pieces.decode, "ter", lowest=-math.inf)


def _on_words(score: Callable[[Units, Units], Tensor]) -> Callable[[Pieces], Reward]:
    return lambda pieces: WordReward(Spelling(pieces.spellings()), score)


REWARDS: dict[str, Callable[[Pieces], Reward]] = {
    "bleu": lambda pieces: prefix_bleu,
    "balanced_bleu": lambda pieces: partial(prefix_bleu, brevity=1.0),
    "gleu": lambda pieces: prefix_gleu,
    "edits": lambda pieces: prefix_edits,
    "chrf": _chrf,
    "word_bleu": _on_words(bleu),
    "word_balanced_bleu": _on_words(partial(bleu, brevity=1.0)),
    "word_gleu": _on_words(gleu),
    "word_edits": _on_words(agreement),
    "ter": _ter,
}
"""Builders of rewards from a vocabulary's pieces, by name."""


def check_reward(text: str) -> None:
    """Raises InputError, as `reward_named` does, for an invalid reward; needs no pieces."""
    for _, name in _terms(text):
        _maker(name)


def reward_named(text: str, pieces: Pieces) -> Reward:
    """A name in `REWARDS`, `module:function`, or a mixture such as `0.7 bleu + 0.3 chrf`.

    A function takes the texts of a translation and of its reference, as `pieces` decode them, and
    gives a number from -1 to 1. Raises InputError naming what is wrong.
    """
    parts: dict[str, tuple[float, Reward]] = {}
    for weight, name in _terms(text):
        before = parts[name][0] if name in parts else 0.0
        parts[name] = before + weight, parts[name][1] if name in parts else _maker(name)(pieces)
    (only, *others) = parts.values()
    return only[1] if not others and only[0] == 1.0 else Mixture(parts)


_TERM = re.compile(r"\s*(?:([^\s+]*[\d.][eE]\+\d+|[^\s+]+)\s+)?([^\s+]+)\s*(\+|$)")
# The plus sign of a weight such as 1e+0 does not join terms.


def _terms(text: str) -> list[tuple[float, str]]:
    """Weights and names."""
    terms, place, joined = [], 0, True
    while joined:
        found = _TERM.match(text, place)
        if not found:
            raise InputError(f"objective.reward {text!r}: write it as `0.7 bleu + 0.3 chrf`")
        try:
            weight = float(found[1] or 1)
        except ValueError:
            weight = math.nan
        if not math.isfinite(weight):
            raise InputError(f"objective.reward {text!r}: {found[1]!r} is not a weight")
        terms.append((weight, found[2]))
        place, joined = found.end(), bool(found[3])
    if not any(sum(w for w, other in terms if other == name) for _, name in terms):
        raise InputError(f"objective.reward {text!r}: with weights of 0 nothing is rewarded")
    return terms


def _maker(name: str) -> Callable[[Pieces], Reward]:
    if name in REWARDS:
        return REWARDS[name]
    function = user_function(name, "objective.reward")
    if function is None:
        choices = ", ".join(REWARDS)
        raise InputError(
            f"objective.reward: unknown {name!r}; valid choices: {choices}, or module:function"
        )
    return lambda pieces: TextReward(function, pieces.decode, name)
