"""Translates sentences of token ids with a phrase table, a language model and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.arrays import Floats, Ints, Longs
from latimer.statistical.decoder.nbest import Ways, best_ways
from latimer.statistical.decoder.options import (
    Forced,
    Offers,
    Options,
    collect_options,
    phrase_estimates,
    weigh,
)
from latimer.statistical.decoder.search import MAX_WORDS, Limits, search
from latimer.statistical.language_model.automaton import Automaton
from latimer.statistical.language_model.model import NgramModel
from latimer.statistical.phrases.phrase_table import PhraseTable, find_spans


class Step(NamedTuple):
    """One phrase of a derivation.

    start, end: its source span; tokens: target token ids, those from the number of symbols on being
    copies of source words; option: of the table, -1 for a forced phrase, -2 for a copy.
    """

    start: int
    end: int
    tokens: list[int]
    option: int


class Derivation(NamedTuple):
    """A translation, and how it came about; features: as in `features.FEATURES`."""

    score: float
    steps: list[Step]
    features: Floats

    @property
    def tokens(self) -> list[int]:
        """All target token ids."""
        return [token for step in self.steps for token in step.tokens]


class Candidates(NamedTuple):
    """Translations of a sentence, best first.

    tokens: those of candidate k are tokens[offsets[k]:offsets[k + 1]], see `Step`; features
    `[candidates, features]`.
    """

    tokens: Longs
    offsets: Longs
    features: Floats


class ForcedPhrase(NamedTuple):
    """A source span and its only translation, in token ids; see `Step` for copies."""

    start: int
    end: int
    tokens: Sequence[int]


class Decoder:
    """A log-linear model, ready to translate."""

    def __init__(self, table: PhraseTable, model: NgramModel, weights: Floats) -> None:
        """`weights` in the order of `features.FEATURES`."""
        self.table, self.model = table, model
        self._language = phrase_estimates(
            model.automaton, table.target_tokens, table.target_offsets
        )
        self._lengths = np.diff(table.target_offsets)
        self.weights = weights
        self._offers = self._weighed(weights)

    def with_weights(self, weights: Floats) -> Decoder:
        """The same model with other weights."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.weights, other._offers = weights, self._weighed(weights)
        return other

    @property
    def symbols(self) -> int:
        """Token ids from here on are copies of source words, by their place."""
        return self.model.specials.symbols

    def derivations(
        self, tokens: Sequence[int], limits: Limits, count: int = 1,
        forced: Sequence[ForcedPhrase] = (),
    ) -> list[Derivation]:  # fmt: skip
        """The `count` best ways to translate a sentence; several may have the same words.

        Unknown source tokens are -1, and copied. Of more than `search.MAX_WORDS` tokens there is
        one way, made of the best of each part.
        """
        if not tokens:
            return [Derivation(0.0, [], np.zeros(len(self.weights)))]
        if len(tokens) > MAX_WORDS:
            return [self._in_parts(tokens, limits, forced)]
        ways, options, spans = self._translated(tokens, limits, count, forced)
        return list(_derivations(ways, options, spans))

    def candidates(self, tokens: Sequence[int], limits: Limits, count: int) -> Candidates:
        """As `derivations`, in arrays, of at least 1 and at most `search.MAX_WORDS` tokens."""
        ways, options, spans = self._translated(tokens, limits, count, ())
        return Candidates(*_written(ways.offsets, spans, options.tokens), ways.features)

    def _translated(
        self, tokens: Sequence[int], limits: Limits, count: int, forced: Sequence[ForcedPhrase]
    ) -> tuple[Ways, Options, Longs]:
        table = self.table
        return _translate(
            np.array(tokens, np.int32), table.source_tokens, table.source_offsets, self._offers,
            _as_arrays(forced), self.model.automaton, self.model.begin, self.weights, limits, count,
        )  # fmt: skip

    def _in_parts(
        self, tokens: Sequence[int], limits: Limits, forced: Sequence[ForcedPhrase]
    ) -> Derivation:
        """The best ways of the parts of a long sentence, one after the other."""
        steps: list[Step] = []
        score, features, start = 0.0, np.zeros(len(self.weights)), 0
        while start < len(tokens):
            end = min(start + MAX_WORDS, len(tokens))
            cuts = [one.start for one in forced if start < one.start < end < one.end]
            end = min(cuts, default=end)
            inside = [
                ForcedPhrase(one.start - start, one.end - start, one.tokens)
                for one in forced
                if start <= one.start and one.end <= end
            ]
            # A copy is numbered by its place in the part, further tokens behind all copies.
            local = [self._shifted(one, end - start, len(tokens)) for one in inside]
            best = self.derivations(tokens[start:end], limits, 1, local)[0]
            for step in best.steps:
                written = [
                    self._renumbered(token, start, end - start, len(tokens))
                    for token in step.tokens
                ]
                steps.append(Step(step.start + start, step.end + start, written, step.option))
            score, features, start = score + best.score, features + best.features, end
        return Derivation(score, steps, features)

    def _shifted(self, one: ForcedPhrase, part: int, whole: int) -> ForcedPhrase:
        """A forced phrase in the numbering of a part of `part` tokens."""
        first = self.symbols + whole
        tokens = [t - whole + part if t >= first else t for t in one.tokens]
        return ForcedPhrase(one.start, one.end, tokens)

    def _renumbered(self, token: int, start: int, part: int, whole: int) -> int:
        """A token of a part in the numbering of the whole sentence."""
        if token < self.symbols:
            return token
        place = token - self.symbols
        return token + start if place < part else token - part + whole

    def _weighed(self, weights: Floats) -> Offers:
        table = self.table
        static, estimate, order = weigh(
            table.scores, self._lengths, self._language, table.first, weights
        )
        return Offers(
            table.first, table.target_tokens, table.target_offsets, table.scores,
            table.orientation, static, estimate, order,
        )  # fmt: skip


OPTIONS = 20
"""Translations of a span that are looked at, at most."""


@compiled
def _translate(
    tokens: Ints, source_tokens: Ints, source_offsets: Longs, offers: Offers, forced: Forced,
    automaton: Automaton, begin: int, weights: Floats, limits: Limits, count: int,
) -> tuple[Ways, Options, Longs]:  # fmt: skip
    spans = find_spans(source_tokens, source_offsets, tokens)
    options = collect_options(spans, len(tokens), OPTIONS, offers, forced, automaton, weights)
    lattice = search(len(tokens), options, offers.orientation, automaton, begin, weights, limits)
    ways = best_ways(count, lattice, options, offers.scores, offers.orientation)
    return ways, options, _spans_of(ways.options, options)


@compiled
def _spans_of(chosen: Longs, options: Options) -> Longs:
    """Start, end, row, first token and number of tokens of each chosen option."""
    found = np.empty((len(chosen), 5), np.int64)
    for place in range(len(chosen)):
        option = chosen[place]
        span = 0
        while options.first[span + 1] <= option:
            span += 1
        found[place, 0], found[place, 1] = options.start[span], options.end[span]
        found[place, 2], found[place, 3] = options.row[option], options.word[option]
        found[place, 4] = options.words[option]
    return found


@compiled
def _written(ways: Longs, spans: Longs, tokens: Longs) -> tuple[Longs, Longs]:
    """The target tokens of each way, one after the other, and where each begins."""
    offsets = np.zeros(len(ways), np.int64)
    for way in range(len(ways) - 1):
        offsets[way + 1] = offsets[way]
        for place in range(ways[way], ways[way + 1]):
            offsets[way + 1] += spans[place, 4]
    written = np.empty(offsets[-1], np.int64)
    number = 0
    for place in range(len(spans)):
        for at in range(spans[place, 3], spans[place, 3] + spans[place, 4]):
            written[number] = tokens[at]
            number += 1
    return written, offsets


def _derivations(ways: Ways, options: Options, spans: Longs) -> Sequence[Derivation]:
    words = options.tokens.tolist()
    steps = [
        Step(start, end, words[first : first + count], row)
        for start, end, row, first, count in spans.tolist()
    ]
    offsets = ways.offsets.tolist()
    return [
        Derivation(score, steps[offsets[way] : offsets[way + 1]], ways.features[way])
        for way, score in enumerate(ways.scores.tolist())
    ]


def _as_arrays(forced: Sequence[ForcedPhrase]) -> Forced:
    offsets = np.cumsum([0, *(len(one.tokens) for one in forced)])
    return Forced(
        np.array([one.start for one in forced], np.int64),
        np.array([one.end for one in forced], np.int64),
        np.array([token for one in forced for token in one.tokens], np.int64),
        offsets.astype(np.int64),
    )
