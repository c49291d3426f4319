"""A back-off model as an automaton: a state for each context, found by hashing.

State 0 is the empty context. Reading a word from a state gives its log-probability and the next
state, which is the longest context that anything follows: contexts that nothing follows back off
without cost. So two histories in the same state have the same future.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.arrays import Bools, Ints, Longs, Singles
from latimer.statistical.language_model.kneser_ney import Level

_GOLDEN = np.uint64(11400714819323198485)
_SHIFT = np.uint64(24)


class Automaton(NamedTuple):
    """The arrays that compiled functions read.

    keys `[slots]`: state times symbols plus word, -1 where a slot is free; probability and target
    `[slots]`: natural log-probability of the word and the state after it; first_probability and
    first_target `[symbols]`: the same from state 0; backoff and shorter `[states]`: log γ, and the
    context without its first word.
    """

    keys: Longs
    probability: Singles
    target: Ints
    first_probability: Singles
    first_target: Ints
    backoff: Singles
    shorter: Ints


@compiled
def advance(automaton: Automaton, state: int, word: int) -> tuple[float, int]:
    """Ln p(word | state), and the state after it."""
    total = 0.0
    symbols = len(automaton.first_probability)
    while state != 0:
        slot = find(automaton.keys, state * symbols + word)
        if slot >= 0:
            return total + automaton.probability[slot], np.int64(automaton.target[slot])
        total += automaton.backoff[state]
        state = np.int64(automaton.shorter[state])
    return total + automaton.first_probability[word], np.int64(automaton.first_target[word])


@compiled
def find(keys: Longs, key: int) -> int:
    """The slot of a key, or -1."""
    mask = len(keys) - 1
    slot = np.int64((np.uint64(key) * _GOLDEN) >> _SHIFT) & mask
    while keys[slot] != key:
        if keys[slot] < 0:
            return -1
        slot = (slot + 1) & mask
    return slot


@compiled
def _insert(
    wanted: Longs, probability: Singles, target: Ints, slots: int
) -> tuple[Longs, Singles, Ints]:
    keys = np.full(slots, -1, np.int64)
    values = np.zeros(slots, np.float32)
    targets = np.zeros(slots, np.int32)
    for entry in range(len(wanted)):
        slot = np.int64((np.uint64(wanted[entry]) * _GOLDEN) >> _SHIFT) & (slots - 1)
        while keys[slot] >= 0:
            slot = (slot + 1) & (slots - 1)
        keys[slot] = wanted[entry]
        values[slot] = probability[entry]
        targets[slot] = target[entry]
    return keys, values, targets


def build_automaton(levels: Sequence[Level]) -> Automaton:
    """The automaton of a model's levels, of order 1 first."""
    symbols = len(levels[0].word)
    followed = [_followed(levels, number) for number in range(len(levels))]
    states, total = _numbered(followed)
    after = _targets(levels, states)
    backoff, shorter = np.zeros(total, np.float32), np.zeros(total, np.int32)
    for number, level in enumerate(levels[:-1]):
        own = states[number][followed[number]]
        backoff[own] = level.log_backoff[followed[number]]
        shorter[own] = 0 if not number else after[number - 1][level.suffix[followed[number]]]
    keys, probability, target = [np.empty(0, np.int64)], [], []
    for number, level in enumerate(levels[1:], 1):
        keys.append(states[number - 1][level.prefix] * symbols + level.word)
        probability.append(level.log_probability)
        target.append(after[number])
    wanted = np.concatenate(keys)
    slots = 1 << max(4, int(2 * len(wanted)).bit_length())
    values = np.concatenate([*probability, np.empty(0)]).astype(np.float32)
    targets = np.concatenate([*target, np.empty(0, np.int32)]).astype(np.int32)
    return Automaton(
        *_insert(wanted, values, targets, slots),
        levels[0].log_probability.astype(np.float32), after[0], backoff, shorter,
    )  # fmt: skip


def _followed(levels: Sequence[Level], number: int) -> Bools:
    """Which n-grams of a level are contexts of the next."""
    which = np.zeros(len(levels[number].word), np.bool_)
    if number + 1 < len(levels):
        which[levels[number + 1].prefix] = True
    return which


def _numbered(followed: Sequence[Bools]) -> tuple[list[Longs], int]:
    """The state of every n-gram that is a context, 0 for others; and how many states there are."""
    states, total = [], 1
    for which in followed:
        states.append(np.where(which, np.cumsum(which) - 1 + total, 0))
        total += int(which.sum())
    return states, total


def _targets(levels: Sequence[Level], states: Sequence[Longs]) -> list[Ints]:
    """The state after each n-gram: its own, or that after its suffix where nothing follows it."""
    after: list[Ints] = []
    for number, level in enumerate(levels):
        below = after[number - 1][level.suffix] if number else np.zeros(len(level.word), np.int32)
        own = states[number]
        after.append(np.where(own > 0, own, below).astype(np.int32))
    return after
