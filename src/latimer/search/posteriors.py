"""Scores of n-grams that a search collects as it writes them.

With posteriors of another system's n-grams as scores this is Stahlberg et al. (2017), "Neural
machine translation by minimising the Bayes-risk with respect to syntactic translation lattices",
equation 9: log P(y | x) + Σ_n Θ_n Σ_i p(the n tokens that end at i), and a constant for each token.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from latimer.search.combined import with_remainder
from latimer.search.scorer import Scorer
from latimer.search.tracked import Tracked
from latimer.text.vocabulary.subwords import PAD

ORDER = 4
"""The longest n-grams."""

_Following = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]


class NgramScores:
    """What each token adds to the score of a translation of one sentence, given those before it."""

    def __init__(self, scores: Mapping[tuple[int, ...], float], weights: Sequence[float]) -> None:
        """`scores`, 0 to 1, of n-grams of tokens; `weights`: Θ_1 … Θ_4, not negative.

        N-grams may begin with BOS and end with EOS.
        """
        found: defaultdict[tuple[int, ...], list[tuple[int, float]]] = defaultdict(list)
        for gram, score in scores.items():
            if weights[len(gram) - 1]:
                found[gram[:-1]].append((gram[-1], weights[len(gram) - 1] * score))
        self._following: dict[tuple[int, ...], _Following] = {
            context: (np.array([t for t, _ in several]), np.array([s for _, s in several]))
            for context, several in found.items()
        }

    def after(self, last: Sequence[int]) -> list[_Following]:
        """Tokens and what each adds, for every context that ends in the `last` tokens."""
        contexts = (tuple(last[start:]) for start in range(len(last) + 1))
        return [self._following[one] for one in contexts if one in self._following]


class Recent(NamedTuple):
    """The last tokens of each prefix `[rows, 3]`, and its sentence's place in the batch `[rows]`.

    PAD stands before the first token.
    """

    tokens: Tensor
    sentences: Tensor


class Guided:
    """A scorer whose tokens earn the scores of the n-grams that they complete.

    Each token is also charged ΣΘ_n, the most that it can earn. So no token's score is above 0, the
    sum over the vocabulary is at most 1, what is missing to 1 goes to PAD, and search, which
    normalises scores, leaves these as they are. A charge for each token has no influence where
    scores are divided by the length.
    """

    def __init__(
        self, scorer: Scorer[Any], sentences: Sequence[NgramScores], weights: Sequence[float]
    ) -> None:
        """`sentences`: those of the batch, in order, made with the same `weights`."""
        self.scorer, self.sentences, self.charge = scorer, list(sentences), sum(weights)

    def start(self, source: Tensor, lengths: Tensor) -> Tracked[Recent]:
        """See `Scorer`."""
        nothing = source.new_full((len(source), ORDER - 1), PAD)
        places = torch.arange(len(source), device=source.device)
        return Tracked(self.scorer.start(source, lengths), Recent(nothing, places))

    def step(self, state: Tracked[Recent], tokens: Tensor) -> tuple[Tensor, Tracked[Recent]]:
        """See `Scorer`."""
        written = torch.cat([state.rows.tokens[:, 1:], tokens[:, None]], 1)
        scores, inner = self.scorer.step(state.inner, tokens)
        logs = scores.double().log_softmax(1) - self.charge
        rows, columns, earned = self._earned(written.tolist(), state.rows.sentences.tolist())
        if len(rows):
            places = tuple(torch.from_numpy(one).to(logs.device) for one in (rows, columns))
            logs.index_put_(places, torch.from_numpy(earned).to(logs.device), accumulate=True)
        return with_remainder(logs), Tracked(inner, Recent(written, state.rows.sentences))

    def _earned(
        self, written: Sequence[Sequence[int]], sentences: Sequence[int]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Row, token and score of what may be earned at this step."""
        rows, columns, earned = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
        for row, (last, sentence) in enumerate(zip(written, sentences, strict=True)):
            for tokens, scores in self.sentences[sentence].after(last):
                rows.append(np.full(len(tokens), row))
                columns.append(tokens)
                earned.append(scores)
        return np.concatenate(rows), np.concatenate(columns), np.concatenate(earned)
