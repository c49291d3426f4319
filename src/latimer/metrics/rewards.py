"""Rewards by name: scores of every prefix of translations, 0 to 1, higher being better."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, Protocol

import torch
from torch import Tensor

from latimer.errors import InputError, LatimerError
from latimer.metrics.sentence_bleu import ORDER, held, prefix_bleu, prefix_matches


class Reward(Protocol):
    """Scores of prefixes."""

    def __call__(
        self, hypotheses: Tensor, lengths: Tensor, references: Tensor, reference_lengths: Tensor, /
    ) -> Tensor:
        """Scores of the first 1, 2, … tokens of each hypothesis, `[rows, time]`, float64.

        `hypotheses [rows, time]`, `references [rows, reference_time]` token ids; lengths `[rows]`
        count no EOS. Columns from a hypothesis's end on hold the score of the whole; rows of
        length 0 hold 0.
        """


def prefix_gleu(
    hypotheses: Tensor, lengths: Tensor, references: Tensor, reference_lengths: Tensor
) -> Tensor:
    """GLEU of every prefix: the lower of precision and recall of all n-grams of 1 to 4 tokens.

    Wu et al. 2016, section 5.2; nltk's `sentence_gleu`. See `Reward` for the arguments.
    """
    rows, time = hypotheses.shape
    if rows == 0 or time == 0:
        return torch.zeros(rows, time, dtype=torch.float64, device=hypotheses.device)
    written = torch.arange(1, time + 1, device=hypotheses.device)
    matches = sum(
        prefix_matches(hypotheses, lengths, references, reference_lengths, order=ORDER),
        start=torch.zeros(rows, time, dtype=torch.float64, device=hypotheses.device),
    )
    own, wanted = _ngrams(written), _ngrams(reference_lengths)
    return held(matches / torch.maximum(own[None], wanted[:, None]).clamp(min=1), lengths)


def _ngrams(lengths: Tensor) -> Tensor:
    """How many n-grams of 1 to 4 tokens there are in so many tokens, float64."""
    counts = [(lengths - n + 1).clamp(min=0) for n in range(1, ORDER + 1)]
    return torch.stack(counts).sum(0).double()


REWARDS: dict[str, Reward] = {"bleu": prefix_bleu, "gleu": prefix_gleu}
"""Those that read token ids."""


class TextReward:
    """Any function of the texts of translation and reference, told of whole translations alone.

    Prefixes short of the whole score 0, so that all of the reward comes with the last token.
    """

    def __init__(
        self, function: Callable[[str, str], float], decode: Callable[[list[int]], str], name: str
    ) -> None:
        """`decode` makes text of token ids; `name` is for complaints."""
        self.function, self.decode, self.name = function, decode, name

    def __call__(
        self, hypotheses: Tensor, lengths: Tensor, references: Tensor, reference_lengths: Tensor
    ) -> Tensor:
        """See `Reward`; raises LatimerError when the function fails or gives no finite number."""
        texts = [
            [self.decode(row[:n]) for row, n in zip(rows.tolist(), sizes.tolist(), strict=True)]
            for rows, sizes in ((hypotheses, lengths), (references, reference_lengths))
        ]
        scores = torch.zeros(hypotheses.shape, dtype=torch.float64)
        for row, (text, reference) in enumerate(zip(*texts, strict=True)):
            length = int(lengths[row])
            if length:
                scores[row, length - 1 :] = self._score(text, reference)
        return scores.to(hypotheses.device)

    def _score(self, text: str, reference: str) -> float:
        about = f"for the translation {text!r} of which {reference!r} is the reference"
        try:
            score: Any = self.function(text, reference)
        except Exception as error:
            raise LatimerError(
                f"the reward {self.name} failed {about}: {type(error).__name__}: {error}; "
                "the last state is intact: mend the function and run the same command again"
            ) from error
        if isinstance(score, bool) or not isinstance(score, Real) or not math.isfinite(score):
            raise LatimerError(
                f"the reward {self.name} gave {score!r} {about}; a finite number is expected; "
                "the last state is intact: mend the function and run the same command again"
            )
        return float(score)


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


def reward_named(text: str, decode: Callable[[list[int]], str]) -> Reward:
    """`bleu`, `gleu`, `module:function`, or a mixture such as `0.7 bleu + 0.3 gleu`.

    A function takes the texts of a translation and of its reference, which `decode` makes of token
    ids. Raises InputError naming what is wrong.
    """
    parts: dict[str, tuple[float, Reward]] = {}
    for term in text.split("+"):
        words = term.split()
        if len(words) not in (1, 2):
            raise InputError(f"objective.reward {text!r}: write it as `0.7 bleu + 0.3 gleu`")
        try:
            weight = float(words[0]) if len(words) == 2 else 1.0
        except ValueError:
            weight = math.nan
        if not math.isfinite(weight):
            raise InputError(f"objective.reward {text!r}: {words[0]!r} is no weight")
        before = parts[words[-1]][0] if words[-1] in parts else 0.0
        parts[words[-1]] = before + weight, _one(words[-1], decode)
    (only, *others) = parts.values()
    return only[1] if not others and only[0] == 1.0 else Mixture(parts)


def _one(name: str, decode: Callable[[list[int]], str]) -> Reward:
    if name in REWARDS:
        return REWARDS[name]
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        choices = ", ".join(REWARDS)
        raise InputError(
            f"objective.reward: unknown {name!r}; valid choices: {choices}, or module:function"
        )
    try:
        function = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # whatever the user's module does when it is imported
        raise InputError(f"objective.reward {name}: {type(error).__name__}: {error}") from error
    if not callable(function):
        raise InputError(f"objective.reward {name}: not a function of two texts")
    return TextReward(function, decode, name)
