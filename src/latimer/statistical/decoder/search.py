"""Stack search over phrases, with cube pruning (Koehn et al. 2003; Huang & Chiang 2007).

Stack k holds hypotheses that have translated k source words. A stack is filled from those below by
taking the most promising extensions, best first: the hypotheses of one coverage times the options
of one span are a square whose corner is best; a heap holds what comes next of every square.
Hypotheses that no later step can tell apart are one: the better is extended, the other stays as a
further way into it, from which lists of the n best are read. They have the same coverage, last span
and state of the language model, and their last phrases the same probabilities of what comes next;
complete ones are all one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from latimer.compiled import compiled
from latimer.statistical.arrays import Bools, Floats, Ints, Longs, Singles
from latimer.statistical.decoder.features import DISTORTION, LANGUAGE, ORIENTATION
from latimer.statistical.decoder.future import future_of, future_scores
from latimer.statistical.decoder.heap import Heap, new_heap, pop, push
from latimer.statistical.decoder.options import Options
from latimer.statistical.language_model.automaton import Automaton, advance

MAX_WORDS = 62
"""Source words of a sentence at most: a coverage is one integer."""
LOOKS = 8
"""Extensions, per hypothesis of a stack, that the language model is asked about at most, twice."""
MONOTONE, SWAP, DISCONTINUOUS = 0, 1, 2


class Lattice(NamedTuple):
    """All ways that a search found, `[hypotheses]` and `[arcs]`.

    covered, start, end, state: what makes a hypothesis: its coverage, the last span, the state of
    the language model; score: of its best way; arc: the first of its ways, 0 for the empty one.
    origin, option, total, language, further: of a way: the hypothesis it extends, the option, the
    score, ln p of the option's words, and the next way into the same hypothesis, or -1.
    stacks `[words + 2]`: stack k is hypotheses stacks[k] .. stacks[k + 1] - 1.
    """

    covered: Longs
    start: npt.NDArray[np.int16]
    end: npt.NDArray[np.int16]
    state: Ints
    score: Floats
    arc: Ints
    origin: Ints
    option: Ints
    total: Floats
    language: Singles
    further: Ints
    stacks: Longs


class Squares(NamedTuple):
    """Hypotheses of one coverage and last span times the options of a span, `[capacity]`.

    first, last: the hypotheses are order[first:last] of their stack; span: see `Options`; way: how
    the span follows the hypotheses' last one; distortion: the weighted jump, at most 0; future:
    what is estimated for the rest; size `[1]`: how many there are.
    """

    first: Longs
    last: Longs
    span: Longs
    way: Longs
    distortion: Floats
    future: Floats
    size: Longs


class Cells(NamedTuple):
    """Places in squares that the heap holds, `[capacity]`.

    square, row, column: where; known: whether the language model has been asked; total, language,
    state: the score without the future, ln p and state, once it is known.
    """

    square: Longs
    row: Longs
    column: Longs
    known: Bools
    total: Floats
    language: Floats
    state: Longs


class Limits(NamedTuple):
    """width: hypotheses of a stack, and extensions looked at for it; window: how far a phrase may
    begin behind the first untranslated word; threshold: how much worse than the best of its stack
    an extension may be.
    """

    width: int
    window: int
    threshold: float


@compiled
def orientation(start: int, end: int, next_start: int, next_end: int) -> int:
    """How a span follows the one before it, by the words at their edges."""
    if next_start == end:
        return MONOTONE
    if next_end == start:
        return SWAP
    return DISCONTINUOUS


@compiled
def search(
    length: int, options: Options, orientations: Singles, automaton: Automaton,
    begin: int, weights: Floats, limits: Limits,
) -> Lattice:  # fmt: skip
    """Translate `length` source words; `orientations [options, 6]` are those of the table.

    `begin` is the state of the language model at the beginning of a sentence.
    """
    width = limits.width
    lattice = _new_lattice(length, width, begin)
    future = future_scores(length, options)
    order = np.zeros(len(lattice.score), np.int64)
    groups = np.zeros((len(lattice.score) + 1, 2), np.int64)  # first, last in order
    group_of_stack = np.zeros(length + 2, np.int64)
    groups[0, 0], groups[0, 1] = 0, 1
    group_of_stack[1] = 1
    made, arcs = 1, 1
    for stack in range(1, length + 1):
        squares = _squares(
            stack, length, lattice, order, groups, group_of_stack, options, future, weights,
            limits,
        )  # fmt: skip
        made, arcs = _fill_stack(
            stack, length, made, arcs, lattice, order, squares, options, orientations, automaton,
            weights, limits,
        )  # fmt: skip
        lattice.stacks[stack + 1] = made
        _group(stack, lattice, order, groups, group_of_stack)
    return lattice


@compiled
def _new_lattice(length: int, width: int, begin: int) -> Lattice:
    most = length * width + 1
    lattice = Lattice(
        np.zeros(most, np.int64), np.zeros(most, np.int16), np.zeros(most, np.int16),
        np.zeros(most, np.int32), np.zeros(most), np.zeros(most, np.int32),
        np.zeros(most, np.int32), np.zeros(most, np.int32), np.zeros(most),
        np.zeros(most, np.float32), np.full(most, -1, np.int32), np.zeros(length + 2, np.int64),
    )  # fmt: skip
    lattice.state[0] = begin
    lattice.stacks[1] = 1
    lattice.origin[0] = -1
    return lattice


@compiled
def _group(
    stack: int, lattice: Lattice, order: Longs, groups: Longs, group_of_stack: Longs
) -> None:
    """Sort a stack into groups of one coverage and last span, each best first."""
    low, high = lattice.stacks[stack], lattice.stacks[stack + 1]
    ranked = _ranked(lattice.score, low, high)
    taken = np.zeros(high - low, np.bool_)
    place, group = low, group_of_stack[stack]
    for rank in range(high - low):
        if taken[rank]:
            continue
        one = ranked[rank]
        groups[group, 0] = place
        for other in range(rank, high - low):
            two = ranked[other]
            if (
                not taken[other]
                and lattice.covered[one] == lattice.covered[two]
                and lattice.start[one] == lattice.start[two]
                and lattice.end[one] == lattice.end[two]
            ):
                taken[other] = True
                order[place] = two
                place += 1
        groups[group, 1] = place
        group += 1
    group_of_stack[stack + 1] = group


@compiled
def _ranked(score: Floats, low: int, high: int) -> Longs:
    """Hypotheses low .. high - 1, best first, the first made of equal ones first."""
    ranked = np.empty(high - low, np.int64)
    for one in range(low, high):
        place = one - low
        while place > 0 and score[ranked[place - 1]] < score[one]:
            ranked[place] = ranked[place - 1]
            place -= 1
        ranked[place] = one
    return ranked


@compiled
def _squares(
    stack: int, length: int, lattice: Lattice, order: Longs, groups: Longs, group_of_stack: Longs,
    options: Options, future: Floats, weights: Floats, limits: Limits,
) -> Squares:  # fmt: skip
    """All squares whose extensions have translated `stack` words."""
    capacity = 0
    for span in range(len(options.start)):
        below = stack - (options.end[span] - options.start[span])
        if below >= 0:
            capacity += group_of_stack[below + 1] - group_of_stack[below]
    squares = Squares(
        np.empty(capacity, np.int64), np.empty(capacity, np.int64), np.empty(capacity, np.int64),
        np.empty(capacity, np.int64), np.empty(capacity), np.empty(capacity),
        np.zeros(1, np.int64),
    )  # fmt: skip
    count = 0
    for span in range(len(options.start)):
        start, end = options.start[span], options.end[span]
        below = stack - (end - start)
        if below < 0:
            continue
        mask = ((np.int64(1) << (end - start)) - 1) << start
        for group in range(group_of_stack[below], group_of_stack[below + 1]):
            one = order[groups[group, 0]]
            covered = lattice.covered[one]
            if covered & mask or start > _gap(covered) + limits.window:
                continue
            squares.first[count], squares.last[count] = groups[group, 0], groups[group, 1]
            squares.span[count] = span
            squares.way[count] = orientation(lattice.start[one], lattice.end[one], start, end)
            squares.distortion[count] = -weights[DISTORTION] * abs(start - lattice.end[one])
            squares.future[count] = future_of(covered | mask, length, future)
            count += 1
    squares.size[0] = count
    return squares


@compiled
def _gap(covered: int) -> int:
    """The first word that is not translated."""
    place = 0
    while (covered >> place) & 1:
        place += 1
    return place


@compiled
def _estimate(
    one: int, option: int, way: int, lattice: Lattice, options: Options,
    orientations: Singles, weights: Floats,
) -> float:  # fmt: skip
    """Score of a hypothesis with an option's static score and that of their orders."""
    total = lattice.score[one] + options.static[option]
    row = options.row[option]
    if row >= 0:
        total += weights[ORIENTATION + way] * orientations[row, way]
    if lattice.origin[lattice.arc[one]] >= 0:
        last = options.row[lattice.option[lattice.arc[one]]]
        if last >= 0:
            total += weights[ORIENTATION + 3 + way] * orientations[last, 3 + way]
    return total


@compiled
def _fill_stack(
    stack: int, length: int, made: int, arcs: int, lattice: Lattice, order: Longs,
    squares: Squares, options: Options, orientations: Singles,
    automaton: Automaton, weights: Floats, limits: Limits,
) -> tuple[int, int]:  # fmt: skip
    """Take the best extensions; returns how many hypotheses and ways there are then."""
    count = squares.size[0]
    capacity = count + LOOKS * limits.width + 16
    cells = Cells(
        np.empty(capacity, np.int64), np.empty(capacity, np.int64), np.empty(capacity, np.int64),
        np.zeros(capacity, np.bool_), np.empty(capacity), np.empty(capacity),
        np.empty(capacity, np.int64),
    )  # fmt: skip
    heap = new_heap(capacity)
    used = 0
    for square in range(count):
        used = _add(
            used, square, squares.first[square], options.first[squares.span[square]],
            cells, heap, order, lattice, squares, options, orientations, weights,
        )  # fmt: skip
    low, taken, best = made, 0, -np.inf
    while heap.size[0] and taken < limits.width:
        key, cell = pop(heap)
        if key < best - limits.threshold:
            break
        square = cells.square[cell]
        one = order[cells.row[cell]]
        if not cells.known[cell]:
            if used + 2 > capacity:
                continue
            _ask(
                stack == length, cell, one, cells, squares, lattice, options, orientations,
                automaton, weights,
            )  # fmt: skip
            push(heap, cells.total[cell] + squares.future[square], cell)
            row, column = cells.row[cell], cells.column[cell]
            if column + 1 < options.first[squares.span[square] + 1]:
                used = _add(
                    used, square, row, column + 1, cells, heap, order, lattice, squares, options,
                    orientations, weights,
                )  # fmt: skip
            if column == options.first[squares.span[square]] and row + 1 < squares.last[square]:
                used = _add(
                    used, square, row + 1, column, cells, heap, order, lattice, squares, options,
                    orientations, weights,
                )  # fmt: skip
            continue
        taken += 1
        best = max(best, key)
        made = _keep(
            stack == length, low, made, arcs, one, cell, cells, squares, lattice, options,
            orientations, weights,
        )  # fmt: skip
        arcs += 1
    return made, arcs


@compiled
def _add(
    used: int, square: int, row: int, column: int, cells: Cells, heap: Heap, order: Longs,
    lattice: Lattice, squares: Squares, options: Options,
    orientations: Singles, weights: Floats,
) -> int:  # fmt: skip
    """Put a cell on the heap by its estimate; returns how many cells are used then."""
    cells.square[used], cells.row[used], cells.column[used] = square, row, column
    cells.known[used] = False
    estimate = _estimate(
        order[row], column, squares.way[square], lattice, options, orientations, weights
    )
    language = options.estimate[column] - options.static[column]  # by itself
    fixed = squares.distortion[square] + squares.future[square]
    push(heap, estimate + language + fixed, used)
    return used + 1


@compiled
def _ask(
    complete: bool, cell: int, one: int, cells: Cells, squares: Squares, lattice: Lattice,
    options: Options, orientations: Singles, automaton: Automaton,
    weights: Floats,
) -> None:  # fmt: skip
    """Fill in what the language model says of a cell."""
    option = cells.column[cell]
    state, language = np.int64(lattice.state[one]), 0.0
    symbols = len(automaton.first_probability)
    for place in range(options.word[option], options.word[option] + options.words[option]):
        word = min(options.tokens[place], symbols - 1)
        probability, state = advance(automaton, state, word)
        language += probability
    if complete:
        probability, state = advance(automaton, state, symbols - 2)
        language += probability
    way = squares.way[cells.square[cell]]
    total = _estimate(one, option, way, lattice, options, orientations, weights)
    total += squares.distortion[cells.square[cell]] + weights[LANGUAGE] * language
    cells.total[cell] = total
    cells.language[cell], cells.state[cell], cells.known[cell] = language, state, True


@compiled
def _keep(
    complete: bool, low: int, made: int, arc: int, one: int, cell: int, cells: Cells,
    squares: Squares, lattice: Lattice, options: Options,
    orientations: Singles, weights: Floats,
) -> int:  # fmt: skip
    """Make a hypothesis of a cell, or a further way into an equal one; returns the number made."""
    span = squares.span[cells.square[cell]]
    start, end = options.start[span], options.end[span]
    covered = lattice.covered[one] | ((np.int64(1) << (end - start)) - 1) << start
    state, total = cells.state[cell], cells.total[cell]
    lattice.origin[arc], lattice.option[arc] = one, cells.column[cell]
    lattice.total[arc], lattice.language[arc] = total, cells.language[cell]
    for other in range(low, made):
        if complete or (
            lattice.state[other] == state
            and lattice.covered[other] == covered
            and lattice.start[other] == start
            and lattice.end[other] == end
            and _same_next(
                cells.column[cell], lattice.option[lattice.arc[other]], options, orientations,
                weights,
            )
        ):  # fmt: skip
            first = lattice.arc[other]
            if total > lattice.score[other]:
                lattice.score[other], lattice.arc[other] = total, arc
                lattice.further[arc] = first
            else:
                lattice.further[arc] = lattice.further[first]
                lattice.further[first] = arc
            return made
    lattice.covered[made], lattice.start[made], lattice.end[made] = covered, start, end
    lattice.state[made], lattice.score[made], lattice.arc[made] = state, total, arc
    return made + 1


@compiled
def _same_next(
    option: int, other: int, options: Options, orientations: Singles,
    weights: Floats,
) -> bool:  # fmt: skip
    """Whether what follows two options is scored alike."""
    one, two = options.row[option], options.row[other]
    for way in range(3):
        if weights[ORIENTATION + 3 + way] == 0:
            continue
        if (one < 0) != (two < 0):
            return False
        if one >= 0 and orientations[one, 3 + way] != orientations[two, 3 + way]:
            return False
    return True
