"""Interpolated modified Kneser-Ney smoothing (Chen & Goodman 1998, section 3).

    p(w | c) = max(a(c w) - D(a(c w)), 0) / Σ a(c ·)  +  γ(c) p(w | c')

a is the count for the highest order and for n-grams that begin a sentence, and below it the number
of distinct words before the n-gram. D has three values for each order, for counts of 1, 2 and more,
from the counts of counts. c' leaves out the first word of c; below single words lies the uniform
distribution over all words, the end of a sentence and the unknown word. γ gives every distribution
the sum 1, also where rare n-grams are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from latimer.statistical.arrays import Bools, Floats, Longs
from latimer.statistical.language_model.counts import Grams, Specials


class Level(NamedTuple):
    """The n-grams of one order that a model keeps, `[grams]` each.

    prefix, word, suffix: see `Grams`; log_probability: natural, of the word after the prefix;
    log_backoff: ln γ of the n-gram as a context, 0 where nothing follows it.
    """

    prefix: Longs
    word: Longs
    suffix: Longs
    log_probability: Floats
    log_backoff: Floats


def estimate(grams: Sequence[Grams], words: int, least: Sequence[int]) -> list[Level]:
    """The levels of a model; `least` is how often an n-gram of each order must occur to be kept.

    `least` may not fall with the order, and is 1 for single words.
    """
    specials = Specials.after(words)
    levels: list[Level] = []
    lower: Floats = np.empty(0)
    renumbered = np.zeros(1, np.int64)
    for number, level in enumerate(grams):
        higher = grams[number + 1] if number + 1 < len(grams) else None
        adjusted = _adjusted(level, higher)
        if not number:
            adjusted[level.word == specials.begin] = 0
        discount = _discounts(adjusted)[np.minimum(adjusted, 3)]
        kept = level.count >= least[number]
        contexts = len(grams[number - 1].word) if number else 1
        total = np.bincount(level.prefix, adjusted, minlength=contexts)
        share = np.where(kept, adjusted - discount, 0) / np.maximum(total, 1)[level.prefix]
        left = 1 - np.bincount(level.prefix, share, minlength=contexts)
        if not number:
            uniform = 1 / (specials.symbols - 1)
            probability = share + left[0] * uniform
            levels.append(_unigrams(level, probability, left[0] * uniform, specials))
            lower = probability
        else:
            probability = share + left[level.prefix] * lower[level.suffix]
            _back_off(levels[-1], renumbered, left, total)
            levels.append(_level(level, kept, renumbered, probability))
            lower = probability
        renumbered = np.where(kept, np.cumsum(kept) - 1, -1)
        if not number:
            renumbered = level.word  # single words are numbered by word
    return levels


def _adjusted(level: Grams, higher: Grams | None) -> Longs:
    """A of every n-gram of a level."""
    if higher is None:
        return level.count.copy()
    before = np.bincount(higher.suffix, minlength=len(level.count))
    return np.where(level.begins, level.count, before)


def _discounts(adjusted: Longs) -> Floats:
    """D for counts of 0, 1, 2, and 3 or more (Chen & Goodman 1998, equation 26)."""
    n1, n2, n3, n4 = (max(int((adjusted == count).sum()), 1) for count in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    values = [0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
    return np.clip(values, [0, 0.1, 0.1, 0.1], [0, 0.99, 1.99, 2.99])


def _unigrams(level: Grams, probability: Floats, unseen: float, specials: Specials) -> Level:
    """One row for each symbol, whether it occurs or not."""
    every = np.full(specials.symbols, unseen)
    every[level.word] = probability
    every[specials.begin] = 1e-30  # never written
    zeros = np.zeros(specials.symbols, np.int64)
    word = np.arange(specials.symbols)
    return Level(zeros, word, zeros, np.log(every), np.zeros(specials.symbols))


def _back_off(below: Level, rows: Longs, left: Floats, total: Floats) -> None:
    """Fill in γ of the contexts that have followers; `rows` numbers the kept ones."""
    contexts = (total > 0) & (rows >= 0)
    below.log_backoff[rows[contexts]] = np.log(np.maximum(left[contexts], 1e-12))


def _level(level: Grams, kept: Bools, rows: Longs, probability: Floats) -> Level:
    """The kept n-grams, their prefixes and suffixes numbered as they are kept."""
    return Level(
        rows[level.prefix[kept]], level.word[kept], rows[level.suffix[kept]],
        np.log(probability[kept]), np.zeros(int(kept.sum())),
    )  # fmt: skip
