"""An n-gram language model: learnt, asked, saved and read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.array_files import read_arrays, refuse, write_arrays
from latimer.statistical.arrays import Array
from latimer.statistical.language_model.automaton import Automaton, advance, build_automaton
from latimer.statistical.language_model.counts import Specials, count_grams
from latimer.statistical.language_model.kneser_ney import Level, estimate
from latimer.statistical.sentences import Sentences

MAX_ORDER = 10


class NgramModel:
    """Gives the natural log-probability of each word after the ones before it in its sentence."""

    def __init__(self, levels: Sequence[Level]) -> None:
        """Of n-grams of orders 1, 2, … as `estimate` returns them."""
        self.levels = list(levels)
        self.specials = Specials.after(len(levels[0].word) - 3)
        self.automaton: Automaton = build_automaton(self.levels)

    @classmethod
    def learn(
        cls, sentences: Sentences, words: int, order: int, least: Sequence[int] = ()
    ) -> NgramModel:
        """From sentences whose tokens are below `words`.

        `least` is how often an n-gram of each order must occur, 1 where it says nothing.
        """
        needed = [*least, *[least[-1] if least else 1] * order][:order]
        return cls(estimate(count_grams(sentences, words, order), words, needed))

    @property
    def order(self) -> int:
        """Words of the longest n-gram."""
        return len(self.levels)

    @property
    def begin(self) -> int:
        """The state at the beginning of a sentence."""
        return int(self.automaton.first_target[self.specials.begin])

    def score(self, tokens: Sequence[int]) -> float:
        """Ln p of a sentence and its end; tokens that are no words count as unknown."""
        known = [one if 0 <= one < self.specials.begin else self.specials.unknown for one in tokens]
        return float(
            _score(self.automaton, self.begin, np.array([*known, self.specials.end], np.int64))
        )

    def perplexity(self, sentences: Sentences) -> float:
        """Per word, ends of sentences counted."""
        total = sum(self.score(sentences.sentence(k).tolist()) for k in range(sentences.size))
        return float(np.exp(-total / (len(sentences.tokens) + sentences.size)))

    def save(self, path: Path) -> None:
        """Write a safetensors file; raises OSError when the disk refuses."""
        arrays: dict[str, Array] = {}
        for number, level in enumerate(self.levels, 1):
            last = number == len(self.levels)
            if number > 1:
                below = len(self.levels[number - 2].word)
                followers = np.bincount(level.prefix, minlength=below)
                arrays[f"{number}.followers"] = followers.astype(
                    np.uint16 if followers.max(initial=0) < 1 << 16 else np.int32
                )
                arrays[f"{number}.word"] = level.word.astype(
                    np.uint16 if self.specials.symbols <= 1 << 16 else np.int32
                )
            arrays[f"{number}.probability"] = level.log_probability.astype(np.float16)
            if not last:
                arrays[f"{number}.backoff"] = level.log_backoff.astype(np.float16)
        write_arrays(path, arrays)

    @classmethod
    def load(cls, path: Path, words: int) -> NgramModel:
        """Read what `save` wrote; raises InputError for a damaged file, and for other words."""
        arrays = read_arrays(path)
        levels: list[Level] = []
        symbols = Specials.after(words).symbols
        for number in range(1, MAX_ORDER + 1):
            if f"{number}.probability" not in arrays:
                break
            levels.append(_read_level(path, arrays, number, levels, symbols))
        if not levels:
            raise refuse(path, "no language model")
        return cls(levels)


def _read_level(
    path: Path, arrays: dict[str, Array], number: int, below: list[Level], symbols: int
) -> Level:
    probability = arrays[f"{number}.probability"].astype(np.float64)
    count = len(probability)
    backoff = np.asarray(arrays.get(f"{number}.backoff", np.zeros(count))).astype(np.float64)
    if number == 1:
        word = np.arange(count)
        prefix = suffix = np.zeros(count, np.int64)
        if count != symbols:
            raise refuse(path, f"made for {count - 3} words, not for {symbols - 3}")
    else:
        try:
            followers, word = arrays[f"{number}.followers"], arrays[f"{number}.word"]
        except KeyError as error:
            raise refuse(path, f"{error.args[0]} is missing") from error
        followers, word = followers.astype(np.int64), word.astype(np.int64)
        if len(followers) != len(below[-1].word) or followers.sum() != count or len(word) != count:
            raise refuse(path, f"{number}-grams that do not fit those below")
        if count and (word.min() < 0 or word.max() >= symbols or followers.min() < 0):
            raise refuse(path, f"{number}-grams of unknown words")
        prefix = np.repeat(np.arange(len(followers)), followers)
        suffix = _suffixes(path, prefix, word, below, symbols)
    if len(backoff) != count or probability.ndim != 1 or not np.isfinite(probability).all():
        raise refuse(path, f"{number}-grams without probabilities")
    if not np.isfinite(backoff).all():
        raise refuse(path, f"{number}-grams without back-off weights")
    return Level(prefix, word, suffix, probability, backoff)


def _suffixes(path: Path, prefix: Array, word: Array, below: list[Level], symbols: int) -> Array:
    """The row, in the level below, of each n-gram without its first word."""
    if len(below) == 1:
        return word
    lower = below[-1]
    keys = lower.prefix * symbols + lower.word
    if (np.diff(keys) <= 0).any():
        raise refuse(path, "n-grams out of order")
    wanted = lower.suffix[prefix] * symbols + word
    rows = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    if len(wanted) and (keys[rows] != wanted).any():
        raise refuse(path, "an n-gram without its last words")
    return rows


@compiled
def _score(automaton: Automaton, state: int, words: Array) -> float:
    total = 0.0
    for word in words:
        probability, state = advance(automaton, state, word)
        total += probability
    return total
