"""BLEU's sufficient statistics of tokenised sentences, and corpus BLEU of their sums.

The counts are those of sacreBLEU with `tokenize=none` on the tokens joined by spaces, in its order:
length of the hypothesis, length of the reference, clipped matches of the 1- to 4-grams, all 1- to
4-grams (Papineni et al. 2002; Post 2018).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latimer.compiled import compiled
from latimer.metrics.significance import bleu_of_counts
from latimer.statistical.sentences import Sentences

ORDER = 4
"""The longest n-grams that BLEU counts."""

COLUMNS = 2 + 2 * ORDER

Counts = NDArray[np.int32]
Floats = NDArray[np.float64]
Offsets = NDArray[np.int64]


def bleu_counts(hypotheses: Sentences, of: Offsets, references: Sentences) -> Counts:
    """The statistics of every hypothesis, `[hypotheses, 10]` int32.

    `of`: the number of each hypothesis' reference, `[hypotheses]`.
    """
    counts = np.zeros((hypotheses.size, COLUMNS), np.int32)
    _count(*hypotheses, of, *references, counts)
    return counts


def corpus_bleu(sums: NDArray[np.generic]) -> float:
    """BLEU, 0 to 100, of statistics summed over a corpus `[10]`, smoothed as sacreBLEU does."""
    return float(bleu_of_counts(np.asarray(sums, np.float64)[None])[0])


@compiled
def _count(
    tokens: NDArray[np.int32],
    offsets: Offsets,
    of: Offsets,
    wanted_tokens: NDArray[np.int32],
    wanted_offsets: Offsets,
    counts: Counts,
) -> None:
    """Fill `counts`.

    An n-gram of the hypothesis matches if it has occurred there before less often than it occurs
    in the reference. Both numbers come from lengths of equal runs of tokens, without a table.
    """
    for row in range(len(of)):
        written = tokens[offsets[row] : offsets[row + 1]]
        sentence = of[row]
        wanted = wanted_tokens[wanted_offsets[sentence] : wanted_offsets[sentence + 1]]
        counts[row, 0], counts[row, 1] = len(written), len(wanted)
        before, there = np.zeros(ORDER, np.int32), np.zeros(ORDER, np.int32)
        for end in range(len(written)):
            _occurrences(written, end, written, end, before)
            _occurrences(written, end, wanted, len(wanted), there)
            for n in range(min(ORDER, end + 1)):
                counts[row, 2 + n] += before[n] < there[n]
                counts[row, 2 + ORDER + n] += 1


@compiled
def _occurrences(
    written: NDArray[np.int32],
    end: int,
    text: NDArray[np.int32],
    limit: int,
    found: NDArray[np.int32],
) -> None:
    """How often the n-grams of `written` that end at `end` end in `text[:limit]`, n = 1 … 4."""
    found[:] = 0
    for last in range(limit):
        n = 0
        while n < ORDER and n <= last and n <= end and text[last - n] == written[end - n]:
            found[n] += 1
            n += 1


@compiled
def bleu_of_sums(sums: Floats) -> float:
    """As `corpus_bleu`, for compiled callers; `sums` is `[10]`."""
    logs, smooth, matched = 0.0, 1.0, False
    for n in range(ORDER):
        correct, total = sums[2 + n], sums[2 + ORDER + n]
        if total <= 0:
            return 0.0
        if correct > 0:
            matched = True
        else:
            smooth *= 0.5
            correct = smooth
        logs += np.log(correct / total)
    if not matched:
        return 0.0
    return 100 * np.exp(logs / ORDER + min(0.0, 1 - sums[1] / sums[0]))
