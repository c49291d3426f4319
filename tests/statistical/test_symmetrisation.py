"""Symmetrisation against the definitions, written with sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latimer.statistical.alignment.symmetrisation import METHODS, symmetrise

LINKS = set[tuple[int, int]]


def by_definition(forward: list[int], backward: list[int], method: str) -> LINKS:
    """The pseudocode of Koehn et al. 2003 (and its *and* variant)."""
    there = {(i, j) for j, i in enumerate(forward) if i >= 0}
    back = {(i, j) for i, j in enumerate(backward) if j >= 0}
    if method == "intersection":
        return there & back
    if method == "union":
        return there | back
    linked = there & back
    while True:
        before = set(linked)
        for i in range(len(backward)):
            for j in range(len(forward)):
                if (i, j) not in linked:
                    continue
                for a, b in ((i + x, j + y) for x in (-1, 0, 1) for y in (-1, 0, 1)):
                    free = a not in {s for s, _ in linked} or b not in {t for _, t in linked}
                    if (a, b) in there | back and free:
                        linked.add((a, b))
        if linked == before:
            break
    if method == "grow-diag":
        return linked
    for direction in (sorted(there, key=lambda link: link[1]), sorted(back)):
        for i, j in direction:
            lone = [i not in {s for s, _ in linked}, j not in {t for _, t in linked}]
            if all(lone) if method == "grow-diag-final-and" else any(lone):
                linked.add((i, j))
    return linked


@given(
    st.integers(0, 6).flatmap(
        lambda length: st.integers(0, 6).flatmap(
            lambda others: st.tuples(
                st.lists(st.integers(-1, length - 1), min_size=others, max_size=others),
                st.lists(st.integers(-1, others - 1), min_size=length, max_size=length),
            )
        )
    ),
    st.sampled_from(sorted(METHODS)),
)
@settings(deadline=None)
def test_links_are_those_of_the_definition(directions, method):
    forward, backward = directions
    links = symmetrise(
        np.array(forward, np.int32),
        np.array(backward, np.int32),
        np.array([0, len(backward)]),
        np.array([0, len(forward)]),
        method,
    )
    assert set(links.pair(0)) == by_definition(forward, backward, method)
    assert links.pair(0) == sorted(links.pair(0), key=lambda link: link[::-1])


@pytest.mark.parametrize(
    ("method", "links"),
    [
        ("intersection", {(0, 0)}),
        ("union", {(0, 0), (1, 1), (3, 3), (3, 4), (2, 4)}),
        ("grow-diag", {(0, 0), (1, 1)}),
        ("grow-diag-final", {(0, 0), (1, 1), (3, 3), (3, 4), (2, 4)}),
        ("grow-diag-final-and", {(0, 0), (1, 1), (3, 3), (2, 4)}),
    ],
)
def test_one_pair_by_hand(method, links):
    """Forward 0-0 1-1 3-3 3-4, backward 0-0 2-4, written source-target."""
    forward, backward = np.array([0, 1, -1, 3, 3], np.int32), np.array([0, -1, 4, -1], np.int32)
    found = symmetrise(forward, backward, np.array([0, 4]), np.array([0, 5]), method)
    assert set(found.pair(0)) == links
