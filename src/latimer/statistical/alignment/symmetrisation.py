"""One alignment from those of both directions (Och & Ney 2003, section 5; Koehn et al. 2003).

Forward links give each target word at most one source word, backward links each source word at
most one target word. *grow-diag* begins with the intersection and adds links of the union that
neighbour a link, diagonals included, while one of their words has none; *final* adds, first from
the forward links and then from the backward ones, those where one word has none, *final-and* those
where neither has one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from latimer.compiled import compiled
from latimer.statistical.alignment.links import Links

INTERSECTION, UNION, GROW, FINAL, FINAL_AND = range(5)
METHODS: Final = {
    "intersection": INTERSECTION,
    "union": UNION,
    "grow-diag": GROW,
    "grow-diag-final": FINAL,
    "grow-diag-final-and": FINAL_AND,
}


def symmetrise(
    forward: npt.NDArray[np.int32],
    backward: npt.NDArray[np.int32],
    source_offsets: npt.NDArray[np.int64],
    target_offsets: npt.NDArray[np.int64],
    method: str,
) -> Links:
    """The links of all pairs; `method` is one of METHODS.

    forward: `[target tokens]` the source position of each target word, or -1; backward: `[source
    tokens]` the target position of each source word, or -1.
    """
    return Links(*_all(forward, backward, source_offsets, target_offsets, METHODS[method]))


@compiled
def _all(forward, backward, source_offsets, target_offsets, method):  # type: ignore[no-untyped-def]
    """`symmetrise` of all pairs."""
    offsets = np.zeros(len(source_offsets), np.int64)
    sources = np.empty(len(forward) + len(backward), np.int32)
    targets = np.empty(len(forward) + len(backward), np.int32)
    number = 0
    for pair in range(len(source_offsets) - 1):
        linked = symmetrise_pair(
            forward[target_offsets[pair] : target_offsets[pair + 1]],
            backward[source_offsets[pair] : source_offsets[pair + 1]],
            method,
        )
        for j in range(linked.shape[1]):
            for i in range(linked.shape[0]):
                if linked[i, j]:
                    sources[number], targets[number] = i, j
                    number += 1
        offsets[pair + 1] = number
    return offsets, sources[:number].copy(), targets[:number].copy()


@compiled
def symmetrise_pair(forward, backward, method):  # type: ignore[no-untyped-def]
    """Whether each source and target word are linked, `[source, target]`."""
    either = np.zeros((len(backward), len(forward)), np.bool_)
    linked = np.zeros((len(backward), len(forward)), np.bool_)
    for j in range(len(forward)):
        if forward[j] >= 0:
            either[forward[j], j] = True
    for i in range(len(backward)):
        if backward[i] >= 0:
            linked[i, backward[i]] = either[i, backward[i]]
            either[i, backward[i]] = True
    if method == UNION:
        return either
    if method == INTERSECTION:
        return linked
    source_has = np.zeros(len(backward), np.bool_)
    target_has = np.zeros(len(forward), np.bool_)
    for i in range(len(backward)):
        for j in range(len(forward)):
            if linked[i, j]:
                source_has[i] = target_has[j] = True
    _grow(either, linked, source_has, target_has)
    if method != GROW:
        for j in range(len(forward)):
            if forward[j] >= 0:
                _finish(forward[j], j, method, linked, source_has, target_has)
        for i in range(len(backward)):
            if backward[i] >= 0:
                _finish(i, backward[i], method, linked, source_has, target_has)
    return linked


@compiled
def _grow(either, linked, source_has, target_has):  # type: ignore[no-untyped-def]
    """Add neighbours from the union until there is none."""
    sources, targets = linked.shape
    grown = True
    while grown:
        grown = False
        for i in range(sources):
            for j in range(targets):
                if not linked[i, j]:
                    continue
                for a in range(max(i - 1, 0), min(i + 2, sources)):
                    for b in range(max(j - 1, 0), min(j + 2, targets)):
                        if either[a, b] and not (linked[a, b] or (source_has[a] and target_has[b])):
                            linked[a, b] = source_has[a] = target_has[b] = grown = True


@compiled
def _finish(i, j, method, linked, source_has, target_has):  # type: ignore[no-untyped-def]
    """Add a link of one direction where one word (`FINAL`) or both have none."""
    if method == FINAL_AND:
        free = not source_has[i] and not target_has[j]
    else:
        free = not source_has[i] or not target_has[j]
    if free:
        linked[i, j] = source_has[i] = target_has[j] = True
