"""HMM alignment of one direction (Vogel, Ney & Tillmann 1996; NULL as in Och & Ney 2003).

The source position of a target word depends on that of the last target word linked to a word:
p(i | i', l) = (1 - p0) · ((1 - α) · c(i - i') / Σ_k c(k - i') + α / l), with one multinomial c over
jump widths, and p0 for NULL, which keeps i' in mind. The state after target word j is therefore
the last linked position r (0: none yet) and A_j(r) = A_{j-1}(r) · p0 · t(t_j | NULL)
+ t(t_j | s_r) · Σ_r' A_{j-1}(r') · p(r | r'); each step is scaled to sum to one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.alignment.word_pairs import WordPairs, maximise
from latimer.statistical.arrays import Array, Floats, Ints, Longs
from latimer.statistical.sentences import Sentences

WIDEST = 100
"""Wider jumps count as this wide."""
UNIFORM_SHARE = 0.2
"""α, the share of the uniform distribution in the transitions (Och & Ney 2003, section 2.1.2)."""


class Jumps(NamedTuple):
    """widths: `[2 · WIDEST + 1]` weight of each jump width, from -WIDEST; null: p0."""

    widths: Floats
    null: float


def first_jumps(null: float) -> Jumps:
    """Where training begins: short jumps are likelier, one step forward the likeliest."""
    width = np.arange(-WIDEST, WIDEST + 1)
    return Jumps(np.exp(-0.5 * np.abs(width - 1.0)), null)


def fit_hmm(
    pairs: WordPairs,
    source: Sentences,
    target: Sentences,
    table: Floats,
    rows: Longs,
    jumps: Jumps,
    *,
    rounds: int,
    smoothing: float,
) -> tuple[list[float], Jumps]:
    """Estimate `table [entries]`, in place, and the jumps; log-likelihood before each round."""
    likelihoods = []
    for _ in range(rounds):
        counts, widths = np.zeros(len(table)), np.zeros(len(jumps.widths))
        likelihoods.append(
            expect_hmm(
                pairs.entries,
                pairs.first,
                source.offsets,
                target.offsets,
                table,
                *jumps,
                counts,
                widths,
            )
        )
        maximise(counts, rows, smoothing)
        table[:] = counts
        jumps = Jumps(widths / max(widths.sum(), 1e-300) + 1e-9, jumps.null)
    return likelihoods, jumps


@compiled
def set_transitions(length: int, widths: Floats, null: float, jump: Array, move: Array) -> None:
    """Fill `jump` and `move [length + 1, length]` from last position (0: none) to the next one.

    move: p(i | i'), NULL not counted; jump: the share of it that is not uniform.
    """
    middle = len(widths) // 2
    for last in range(length + 1):
        total = 0.0
        for i in range(length):
            width = min(max(i + 1 - last, -middle), middle)
            jump[last, i] = widths[middle + width]
            total += jump[last, i]
        for i in range(length):
            jump[last, i] *= (1 - UNIFORM_SHARE) * (1 - null) / total
            move[last, i] = jump[last, i] + UNIFORM_SHARE * (1 - null) / length


@compiled
def expect_hmm(
    entries: Ints,
    first: Longs,
    source_offsets: Longs,
    target_offsets: Longs,
    table: Floats,
    widths: Floats,
    null: float,
    counts: Floats,
    jump_counts: Floats,
) -> float:
    """Add expected counts of word pairs `[entries]` and jump widths; returns the log-likelihood."""
    longest, widest = 1, 1
    for pair in range(len(first) - 1):
        longest = max(longest, source_offsets[pair + 1] - source_offsets[pair])
        widest = max(widest, target_offsets[pair + 1] - target_offsets[pair])
    emission = np.empty((widest, longest + 1))
    posterior = np.empty((widest, longest + 1))
    jump, move = np.empty((longest + 1, longest)), np.empty((longest + 1, longest))
    back, used = np.empty((longest, longest + 1)), np.empty((longest + 1, longest))
    forward = np.empty((widest + 1, longest + 1))
    likelihood, last_length = 0.0, -1
    middle = len(widths) // 2
    for pair in range(len(first) - 1):
        length = source_offsets[pair + 1] - source_offsets[pair]
        others = target_offsets[pair + 1] - target_offsets[pair]
        if length != last_length:
            set_transitions(length, widths, null, jump, move)
            for last in range(length + 1):
                for i in range(length):
                    back[i, last] = move[last, i]
            last_length = length
        at = first[pair]
        for i in range(length + 1):
            for j in range(others):
                emission[j, i] = table[entries[at]]
                at += 1
        used[: length + 1, :length] = 0
        nothing = null if length else 1.0
        likelihood += forward_backward(
            emission, length, others, nothing, move, back, forward, posterior, used
        )
        at = first[pair]
        for i in range(length + 1):
            for j in range(others):
                counts[entries[at]] += posterior[j, i]
                at += 1
        for last in range(length + 1):
            for i in range(length):
                width = min(max(i + 1 - last, -middle), middle)
                jump_counts[middle + width] += used[last, i] * jump[last, i]
    return likelihood


@compiled
def forward_backward(
    emission: Array,
    length: int,
    others: int,
    null: float,
    move: Array,
    back: Array,
    forward: Array,
    posterior: Array,
    used: Array,
) -> float:
    """Fill `posterior [others, length + 1]`, NULL first; returns the log-likelihood.

    emission: `[others, length + 1]`, NULL first; back: `move` transposed; forward: room for
    `[others + 1, length + 1]`. Adds p(last = r, next = i) / move to `used [length + 1, length]`.
    """
    likelihood = 0.0
    forward[0, : length + 1] = 0
    forward[0, 0] = 1
    for j in range(others):
        now, then = forward[j + 1], forward[j]
        now[: length + 1] = 0
        for last in range(length + 1):
            mass = then[last]
            for i in range(length):
                now[i + 1] += mass * move[last, i]
        total = 0.0
        for r in range(length + 1):
            value = then[r] * null * emission[j, 0]
            if r:
                value += now[r] * emission[j, r]
            now[r] = value
            total += value
        for r in range(length + 1):
            now[r] /= total
        posterior[j, 0] = total
        likelihood += np.log(total)
    behind = np.ones(length + 1)
    before = np.empty(length + 1)
    weight = np.empty(length + 1)
    for j in range(others - 1, -1, -1):
        then = forward[j]
        scale = 1 / posterior[j, 0]
        unlinked = null * emission[j, 0] * scale
        posterior[j, 0] = 0
        for r in range(length + 1):
            before[r] = unlinked * behind[r]
            posterior[j, 0] += then[r] * before[r]
            posterior[j, r] *= r == 0
        for i in range(length):
            weight[i] = emission[j, i + 1] * behind[i + 1] * scale
            reached = 0.0
            for last in range(length + 1):
                before[last] += back[i, last] * weight[i]
                reached += then[last] * back[i, last]
            posterior[j, i + 1] = reached * weight[i]
        for last in range(length + 1):
            mass = then[last]
            for i in range(length):
                used[last, i] += mass * weight[i]
        behind[:] = before
    return likelihood


@compiled
def best_path(
    emission: Array, length: int, others: int, null: float, move: Array, best: Ints
) -> None:
    """Fill `best [others]` with the source positions of the most probable path, -1 for NULL.

    emission: t(t_j | s_i) `[length + 1, others]`, NULL first. A tie goes to the first position.
    """
    score, after = np.full(length + 1, -np.inf), np.empty(length + 1)
    score[0] = 0
    came = np.empty((others, length + 1), np.int32)
    steps = np.log(move[: length + 1, :length])
    nothing = np.log(null)
    for j in range(others):
        for r in range(length + 1):
            after[r] = score[r] + nothing + np.log(emission[0, j])
            came[j, r] = -1
        for i in range(length):
            most, winner = -np.inf, 0
            for last in range(length + 1):
                value = score[last] + steps[last, i]
                if value > most:
                    most, winner = value, last
            most += np.log(emission[i + 1, j])
            if most > after[i + 1]:
                after[i + 1] = most
                came[j, i + 1] = winner
        score[:] = after
    r = np.argmax(score)
    for j in range(others - 1, -1, -1):
        if came[j, r] < 0:
            best[j] = -1
        else:
            best[j] = r - 1
            r = came[j, r]
