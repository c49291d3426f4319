"""Extraction, orientation and evidence against brute force and hand-worked examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linked_corpus import made_corpus

from latimer.statistical.phrases.evidence import evidence
from latimer.statistical.phrases.extraction import (
    DISCONTINUOUS,
    MONOTONE,
    SWAP,
    extract,
    orientations,
    phrase_pairs,
)
from latimer.statistical.phrases.phrase_order import WIDTH, phrase_order

MATRICES = st.integers(1, 7).flatmap(
    lambda length: st.integers(1, 7).flatmap(
        lambda others: st.sets(
            st.tuples(st.integers(0, length - 1), st.integers(0, others - 1)), max_size=8
        ).map(lambda links: matrix(length, others, links))
    )
)


def matrix(length: int, others: int, links: set[tuple[int, int]]) -> np.ndarray:
    """Whether words are linked."""
    linked = np.zeros((length, others), bool)
    for link in links:
        linked[link] = True
    return linked


def consistent(linked: np.ndarray, longest: int) -> set[tuple[int, ...]]:
    """All phrase pairs, by the definition."""
    length, others = linked.shape
    found = set()
    for begin in range(length):
        for end in range(begin + 1, min(length, begin + longest) + 1):
            for left in range(others):
                for right in range(left + 1, min(others, left + longest) + 1):
                    inside = linked[begin:end, left:right].sum()
                    rows, columns = linked[begin:end].sum(), linked[:, left:right].sum()
                    if inside and inside == rows == columns:
                        found.add((begin, end, left, right))
    return found


@given(MATRICES, st.integers(1, 7))
@settings(deadline=None, max_examples=300)
def test_phrase_pairs_are_those_of_the_definition(linked, longest):
    found = [tuple(row) for row in phrase_pairs(linked, longest).tolist()]
    assert len(found) == len(set(found))
    assert set(found) == consistent(linked, longest)


def test_many_phrase_pairs_of_one_sentence():
    linked = np.eye(40, dtype=bool)
    assert len(phrase_pairs(linked, 7)) == sum(40 - size + 1 for size in range(1, 8))


def turns(linked: np.ndarray, *, by_phrase: bool) -> dict[tuple[int, ...], tuple[int, int]]:
    """The orientations of each phrase pair, to the previous and to the next."""
    spans = phrase_pairs(linked, 7)
    found = orientations(linked, spans, by_phrase)
    return {
        tuple(span): divmod(int(turn), 3) for span, turn in zip(spans.tolist(), found, strict=True)
    }


@pytest.mark.parametrize("by_phrase", [False, True])
def test_orientation_by_hand(by_phrase):
    # Source a b c, target A C B: b and c are swapped.
    found = turns(matrix(3, 3, {(0, 0), (2, 1), (1, 2)}), by_phrase=by_phrase)
    # The next phrase of a-A is c-C, or with phrases that of both, too, which begins at b.
    assert found[0, 1, 0, 1] == (MONOTONE, MONOTONE if by_phrase else DISCONTINUOUS)
    assert found[2, 3, 1, 2] == (DISCONTINUOUS, SWAP)
    assert found[1, 2, 2, 3] == (SWAP, DISCONTINUOUS)
    assert found[1, 3, 1, 3] == (MONOTONE, MONOTONE)
    assert found[0, 3, 0, 3] == (MONOTONE, MONOTONE)


def test_orientation_to_a_phrase_whose_corner_has_no_link():
    # Source a b c, target A B C; a-B b-A are a swapped phrase before c-C.
    linked = matrix(3, 3, {(0, 1), (1, 0), (2, 2)})
    assert turns(linked, by_phrase=False)[2, 3, 2, 3] == (DISCONTINUOUS, MONOTONE)
    assert turns(linked, by_phrase=True)[2, 3, 2, 3] == (MONOTONE, MONOTONE)


@given(MATRICES)
@settings(deadline=None, max_examples=200)
def test_orientation_by_phrases_is_that_of_the_definition(linked):
    length, others = linked.shape
    found = turns(linked, by_phrase=True)
    spans = set(found)
    for (begin, end, left, right), (before, after) in found.items():
        previous = [span for span in spans if span[3] == left]
        following = [span for span in spans if span[2] == right]
        start = (begin, left) == (0, 0)
        stop = (end, right) == (length, others)
        if start or any(span[1] == begin for span in previous):
            assert before == MONOTONE
        else:
            assert before == (SWAP if any(s[0] == end for s in previous) else DISCONTINUOUS)
        if stop or any(span[0] == end for span in following):
            assert after == MONOTONE
        else:
            assert after == (SWAP if any(s[1] == begin for s in following) else DISCONTINUOUS)


def test_occurrences_are_places_in_the_corpus():
    source, target, links = made_corpus()
    found = extract(source, target, links, 4)
    wanted = set()
    for pair in range(source.size):
        shape = len(source.sentence(pair)), len(target.sentence(pair))
        low, high = source.offsets[pair], target.offsets[pair]
        for begin, end, left, right in consistent(matrix(*shape, set(links.pair(pair))), 4):
            wanted.add((low + begin, high + left, end - begin, right - left))
    got = list(zip(*(field.tolist() for field in found[:4]), strict=True))
    assert len(got) == len(set(got)) > 50
    assert set(got) == wanted


def test_numbers_of_phrases_are_in_lexicographic_order():
    source, _, _ = made_corpus(1)
    order = phrase_order(source, 3)
    phrases: dict[tuple[int, ...], set[int]] = {}
    for pair in range(source.size):
        begin, end = source.offsets[pair : pair + 2]
        for at in range(begin, end):
            for length in (1, 2, 3):
                place = int(order.places[length - 1, at])
                if at + length > end:
                    assert place == -1
                    continue
                phrase = tuple(source.tokens[at : at + length].tolist())
                phrases.setdefault(phrase, set()).add(place * WIDTH + length)
                times = order.times[length - 1, place]
                ranks = order.order[place : place + times]
                assert {tuple(source.tokens[r : r + length].tolist()) for r in ranks} == {phrase}
    assert all(len(numbers) == 1 for numbers in phrases.values())
    in_order = [numbers.pop() for _, numbers in sorted(phrases.items())]
    assert in_order == sorted(set(in_order))


def test_evidence_is_where_a_phrase_pair_was_extracted():
    source, target, links = made_corpus(2)
    found = extract(source, target, links, 3)
    pair_of = np.searchsorted(source.offsets, found.sources, "right") - 1
    lines: dict[tuple[tuple[int, ...], tuple[int, ...]], set[int]] = {}
    for k in range(len(found.sources)):
        a, b = found.sources[k], found.targets[k]
        phrase = tuple(source.tokens[a : a + found.source_lengths[k]].tolist())
        other = tuple(target.tokens[b : b + found.target_lengths[k]].tolist())
        lines.setdefault((phrase, other), set()).add(int(pair_of[k]))
    for (phrase, other), numbers in lines.items():
        got = evidence(source, target, links, np.array(phrase), np.array(other), 100)
        assert got == sorted(numbers)
        assert evidence(source, target, links, np.array(phrase), np.array(other), 1) == got[:1]
    assert evidence(source, target, links, np.array([9]), np.array([1]), 5) == []
