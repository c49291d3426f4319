"""The translation options of one sentence: what a phrase table offers for each of its spans."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.arrays import Bools, Floats, Ints, Longs, Singles
from latimer.statistical.decoder.features import (
    LANGUAGE,
    PHRASES,
    TRANSLATION,
    UNKNOWN,
    WORDS,
)
from latimer.statistical.language_model.automaton import Automaton, advance


class Offers(NamedTuple):
    """The options of a phrase table, those of source phrase r being first[r] .. first[r + 1] - 1.

    tokens and offsets: target phrases, one after the other; scores `[options, 4]`: the four
    translation features; orientation `[options, 6]`: the six reordering features; static
    `[options]`: weighted score but for language model and reordering; estimate: the same with the
    language model's score of the phrase by itself; order: options of each source phrase, best
    estimate first.
    """

    first: Longs
    tokens: Ints
    offsets: Longs
    scores: Singles
    orientation: Singles
    static: Singles
    estimate: Singles
    order: Ints


class Forced(NamedTuple):
    """Spans whose translation is given: nothing else overlaps them.

    start, end `[spans]`; tokens and offsets: their target words.
    """

    start: Longs
    end: Longs
    tokens: Longs
    offsets: Longs


class Options(NamedTuple):
    """The options of a sentence of n words.

    start, end `[spans]`: source spans, sorted by length; first `[spans + 1]`: their options, best
    estimate first; row `[options]`: option of the table, -1 for a copy or a forced phrase; word,
    words: where the target words begin in `tokens` and how many there are; static, estimate: see
    `Offers`. A token of `symbols` or more is a copy of the source word `token - symbols`.
    """

    start: Longs
    end: Longs
    first: Longs
    row: Longs
    word: Longs
    words: Longs
    static: Floats
    estimate: Floats
    tokens: Longs


@compiled
def phrase_estimates(automaton: Automaton, tokens: Ints, offsets: Longs) -> Singles:
    """Ln p of each target phrase without the words before it."""
    found = np.zeros(len(offsets) - 1, np.float32)
    for option in range(len(found)):
        state = np.int64(0)
        for place in range(offsets[option], offsets[option + 1]):
            probability, state = advance(automaton, state, np.int64(tokens[place]))
            found[option] += probability
    return found


@compiled
def _overlaps(forced: Forced, start: int, end: int) -> bool:
    for span in range(len(forced.start)):
        if start < forced.end[span] and end > forced.start[span]:
            return True
    return False


@compiled
def collect_options(
    spans: Longs, length: int, limit: int, offers: Offers, forced: Forced,
    automaton: Automaton, weights: Floats,
) -> Options:  # fmt: skip
    """The options of a sentence; a word without any is copied.

    spans `[found, 3]`: start, end and source phrase of each span that the table has; limit: options
    of a span, at most.
    """
    total, words, kept = 0, 0, 0
    alone = np.zeros(length, np.bool_)
    use = np.zeros(len(spans), np.bool_)
    for place in range(len(spans)):
        start, end, phrase = spans[place, 0], spans[place, 1], spans[place, 2]
        if _overlaps(forced, start, end):
            continue
        use[place] = True
        kept += 1
        if end == start + 1:
            alone[start] = True
        for number in range(min(limit, offers.first[phrase + 1] - offers.first[phrase])):
            option = offers.order[offers.first[phrase] + number]
            total += 1
            words += offers.offsets[option + 1] - offers.offsets[option]
    for span in range(len(forced.start)):
        total += 1
        kept += 1
        words += forced.offsets[span + 1] - forced.offsets[span]
        for place in range(forced.start[span], forced.end[span]):
            alone[place] = True
    copies = 0
    for place in range(length):
        copies += not alone[place]
    total, words, kept = total + copies, words + copies, kept + copies
    options = Options(
        np.empty(kept, np.int64), np.empty(kept, np.int64), np.empty(kept + 1, np.int64),
        np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total, np.int64),
        np.empty(total), np.empty(total), np.empty(words, np.int64),
    )  # fmt: skip
    _fill(options, spans, use, alone, limit, offers, forced, automaton, weights)
    return options


@compiled
def _fill(
    options: Options, spans: Longs, use: Bools, alone: Bools,
    limit: int, offers: Offers, forced: Forced, automaton: Automaton, weights: Floats,
) -> None:  # fmt: skip
    symbols = len(automaton.first_probability)
    span, option, word = 0, 0, 0
    for size in range(1, len(alone) + 1):
        for place in range(len(spans)):
            start, end, phrase = spans[place, 0], spans[place, 1], spans[place, 2]
            if not use[place] or end - start != size:
                continue
            options.start[span], options.end[span], options.first[span] = start, end, option
            span += 1
            for number in range(min(limit, offers.first[phrase + 1] - offers.first[phrase])):
                row = offers.order[offers.first[phrase] + number]
                options.row[option], options.word[option] = row, word
                options.words[option] = offers.offsets[row + 1] - offers.offsets[row]
                options.static[option] = offers.static[row]
                options.estimate[option] = offers.estimate[row]
                for at in range(offers.offsets[row], offers.offsets[row + 1]):
                    options.tokens[word] = offers.tokens[at]
                    word += 1
                option += 1
        for number in range(len(forced.start)):
            if forced.end[number] - forced.start[number] != size:
                continue
            options.start[span], options.end[span] = forced.start[number], forced.end[number]
            options.first[span] = option
            span += 1
            count = forced.offsets[number + 1] - forced.offsets[number]
            options.row[option], options.word[option], options.words[option] = -1, word, count
            static = weights[WORDS] * count - weights[PHRASES]
            state, language = np.int64(0), 0.0
            for at in range(forced.offsets[number], forced.offsets[number + 1]):
                options.tokens[word] = forced.tokens[at]
                known = forced.tokens[at] if forced.tokens[at] < symbols else symbols - 1
                probability, state = advance(automaton, state, known)
                language += probability
                word += 1
            options.static[option] = static
            options.estimate[option] = static + weights[LANGUAGE] * language
            option += 1
        if size > 1:
            continue
        for place in range(len(alone)):
            if alone[place]:
                continue
            options.start[span], options.end[span], options.first[span] = place, place + 1, option
            span += 1
            options.row[option], options.word[option], options.words[option] = -2, word, 1
            options.tokens[word] = symbols + place
            static = weights[WORDS] - weights[PHRASES] - weights[UNKNOWN]
            unknown = automaton.first_probability[symbols - 1]
            options.static[option] = static
            options.estimate[option] = static + weights[LANGUAGE] * unknown
            word += 1
            option += 1
    options.first[span] = option


def weigh(
    scores: Singles, lengths: Longs, language: Singles,
    first: Longs, weights: Floats,
) -> tuple[Singles, Singles, Ints]:  # fmt: skip
    """static, estimate and order of `Offers` under some weights.

    scores `[options, 4]`; lengths `[options]`: target words; language: `phrase_estimates`.
    """
    static = (scores @ weights[TRANSLATION:PHRASES]) + weights[WORDS] * lengths - weights[PHRASES]
    estimate = static + weights[LANGUAGE] * language
    group = np.repeat(np.arange(len(first) - 1), np.diff(first))
    order = np.lexsort((-estimate, group))
    return static.astype(np.float32), estimate.astype(np.float32), order.astype(np.int32)
