"""The nearest text, against brute force in plain Python over all texts."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latimer.formats.pair import Pair
from latimer.text import nearest
from latimer.text.nearest import NearestText, TranslationMemory, edit_distances

# A character beyond the 16-bit plane, and no spaces between words.
texts = st.text("abc 門🚪", max_size=9)


def distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def trigrams(text: str) -> set[tuple[str, ...]]:
    padded = ["", "", *text, "", ""]
    return {tuple(padded[k : k + 3]) for k in range(len(padded) - 2)}


def by_brute_force(query: str, known: list[str], candidates: int) -> tuple[int, float] | None:
    if query in known:
        return known.index(query), 1.0
    wanted = trigrams(query)

    def dice(k: int) -> float:
        have = trigrams(known[k])
        return 2 * len(have & wanted) / (len(have) + len(wanted))

    best = sorted(range(len(known)), key=lambda k: (-dice(k), k))[:candidates]
    chosen = {
        k: 1 - distance(query, known[k]) / max(len(query), len(known[k]))
        for k in sorted(best)
        if dice(k) > 0
    }
    return max(chosen.items(), key=lambda item: (item[1], -item[0]), default=None)


@given(st.lists(texts, max_size=12), st.lists(texts, max_size=5), st.integers(1, 14))
@settings(max_examples=150)
def test_what_is_found_is_what_brute_force_finds(known, queries, candidates):
    found = NearestText(known).find(queries, candidates)
    assert found == [by_brute_force(query, known, candidates) for query in queries]


@given(texts, st.lists(texts, max_size=6))
def test_edit_distances(query, known):
    assert edit_distances(query, known).tolist() == [distance(query, text) for text in known]


def sentences(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcdefgh", k=chance.randint(2, 6))) for _ in range(60)]
    return [" ".join(chance.choices(words, k=chance.randint(2, 7))) for _ in range(count)]


@pytest.mark.parametrize("joined", [" ", ""], ids=["spaces", "no spaces"])
def test_a_changed_sentence_leads_back_to_its_original(joined):
    """Also when only a part of the index may be read, the nearest of all is nearly always found."""
    known = [text.replace(" ", joined) for text in sentences(150, 1)]
    chance = random.Random(2)
    changed = []
    for text in chance.sample(known, 25):
        place = chance.randrange(len(text))
        changed.append(f"{text[:place]}z{text[place + 1 :]}")
    least = [min(distance(query, text) for text in known) for query in changed]
    index = NearestText(known)
    for postings in (nearest.POSTINGS, 100):
        found = index.find(changed, postings=postings)
        near = [
            near is not None and distance(query, known[near.number]) == best
            for query, near, best in zip(changed, found, least, strict=True)
        ]
        assert sum(near) >= 24


def test_the_memory_gives_the_translation_of_the_nearest_source():
    memory = TranslationMemory(
        [Pair("Open the door", "first"), Pair("Open the door", "second"), Pair("門を開ける", "ja")]
    )
    sources = ["Open the door", "Open the doors", "門を閉める", "ÄÖÜ", ""]
    # An empty text shares nothing but its edges.
    assert memory.translate(sources) == ["first", "first", "ja", "", ""]


def test_nothing_known():
    assert TranslationMemory([]).translate(["a", ""]) == ["", ""]
    assert NearestText([]).find([]) == []


def test_of_long_texts_the_beginning_is_compared(monkeypatch):
    monkeypatch.setattr(nearest, "LONGEST", 4)
    found = NearestText(["abcdefgh", "abXdefgh"]).find(["abcdxxxx"])
    assert found == [(0, 1.0)]


@given(st.lists(st.integers(0, 4), max_size=12), st.integers(1, 14))
def test_of_equal_candidates_the_first_are_taken(values, count):
    best = sorted(range(len(values)), key=lambda k: (-values[k], k))[:count]
    chosen = nearest._greatest(np.array(values, dtype=float), count)
    assert chosen.tolist() == sorted(best)
