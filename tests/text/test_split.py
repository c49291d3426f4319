import random
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated import corpus_of, texts
from latimer.errors import InputError
from latimer.formats.pair import Origin, Pair
from latimer.text.corpus.split import Split, Splitting, rank, split

SENTENCES = st.integers(0, 60).map(str)
GROUPS = st.sampled_from(["", *"abcdefghijklmnopqrst"])
PAIRS = st.lists(
    st.builds(lambda s, t, g: Pair(s, t, Origin("f", 1, g)), SENTENCES, SENTENCES, GROUPS),
    min_size=4,
    max_size=200,
    unique_by=lambda pair: pair[:2],
)
SPLITTINGS = st.builds(
    Splitting, st.sampled_from([None, 0.1, 0.25]), st.sampled_from([None, 0.2]), st.integers(0, 9)
)


def parts_of(parts: Split) -> dict[str, list[Pair]]:
    return {"train": parts.train, "dev": parts.dev, "test": parts.test}


@given(PAIRS, SPLITTINGS)
def test_no_source_stands_in_two_parts_and_no_group_straddles(
    pairs: list[Pair], splitting: Splitting
) -> None:
    parts = split(pairs, splitting)
    homes = defaultdict(set)
    for name, part in parts_of(parts).items():
        for pair in part:
            homes["source", pair.source].add(name)
            if parts.by == "group" and pair.origin.group:
                homes["group", pair.origin.group].add(name)
    assert all(len(home) == 1 for home in homes.values())
    together = [*parts.train, *parts.dev, *parts.test]
    assert len(together) + parts.leaks == len(pairs)
    assert set(together) <= set(pairs)
    # A source that several groups share counts for none of them when they are chosen.
    groups = defaultdict(set)
    for pair in pairs:
        groups[pair.source].add(pair.origin.group or pair.source)
    shared = sum(len(groups[pair.source]) > 1 for pair in pairs)
    assert len(parts.dev) <= max(1, (splitting.dev or 0.05) * len(pairs) + 1) + shared


@given(PAIRS, SPLITTINGS, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    pairs: list[Pair], splitting: Splitting, shuffler: random.Random
) -> None:
    shuffled = list(pairs)
    shuffler.shuffle(shuffled)
    one, other = parts_of(split(pairs, splitting)), parts_of(split(shuffled, splitting))
    assert {name: set(part) for name, part in one.items()} == {
        name: set(part) for name, part in other.items()
    }


def test_components_are_held_out_whole_and_sizes_are_met() -> None:
    parts = split(corpus_of(*[10 + k % 17 for k in range(400)]), Splitting(dev=300, test=0.05))
    assert parts.by == "group"
    assert 0.95 * 300 <= len(parts.dev) <= 300
    assert 0.95 * 0.05 * 7157 <= len(parts.test) <= 0.05 * 7200


def test_sentences_are_held_out_where_groups_are_too_large() -> None:
    parts = split(corpus_of(1000, 1000, 1000), Splitting())
    assert parts.by == "source"
    assert (len(parts.train), len(parts.dev), len(parts.test)) == (2700, 150, 150)


def test_default_sizes() -> None:
    parts = split(corpus_of(30_000), Splitting())
    assert (len(parts.dev), len(parts.test)) == (1000, 1000)
    parts = split(corpus_of(10), Splitting())
    assert (len(parts.train), len(parts.dev), len(parts.test)) == (8, 1, 1)


def test_none_may_be_asked_for() -> None:
    parts = split(corpus_of(30), Splitting(dev=0, test=0))
    assert (len(parts.train), parts.dev, parts.test) == (30, [], [])


def test_another_seed_holds_out_others() -> None:
    pairs = corpus_of(1000)
    one, other = (split(pairs, Splitting(seed=seed)).dev for seed in (0, 1))
    assert set(texts(one)) != set(texts(other))


def test_the_same_components_for_another_language() -> None:
    german = corpus_of(*[10] * 200)
    french = [pair._replace(target=pair.target[::-1]) for pair in german if rank(pair[0], 5) % 3]
    groups = [
        {name: {pair.origin.group for pair in part} for name, part in parts_of(parts).items()}
        for parts in (split(german, Splitting()), split(french, Splitting()))
    ]
    assert not groups[0]["dev"] & groups[1]["test"]
    assert not groups[0]["test"] & groups[1]["dev"]
    assert groups[0]["dev"] & groups[1]["dev"]


def test_a_source_of_train_is_dropped_from_what_is_held_out() -> None:
    pairs = corpus_of(*[10] * 40)
    common = [Pair("ok", f"{k}", Origin("f", 1, f"file{k}")) for k in range(40)]
    parts = split(pairs + common, Splitting())
    held_out = {pair.origin.group for pair in (*parts.dev, *parts.test)}
    assert parts.leaks == len(held_out) > 0
    assert "ok" not in {pair.source for pair in (*parts.dev, *parts.test)}


@pytest.mark.parametrize("splitting", [Splitting(dev=8, test=8), Splitting(0.6), Splitting(1e9)])
def test_more_than_half_is_refused(splitting: Splitting) -> None:
    with pytest.raises(InputError, match=r"more than half of the 30 pairs.*hold out less"):
        split(corpus_of(30), splitting)


def test_a_size_must_be_a_number() -> None:
    with pytest.raises(InputError, match=r"test: nan is neither"):
        split(corpus_of(30), Splitting(test=float("nan")))


def test_no_group_decides_a_score_by_itself() -> None:
    """Of a hundred small groups and one as large as dev, only small ones are held out."""
    sizes = {"large": 40, **{f"small {n}": 8 for n in range(100)}}
    pairs = [
        Pair(f"{name} {k}", f"{name} {k} ja", Origin("file", k, name))
        for name, size in sizes.items()
        for k in range(size)
    ]
    for seed in range(10):
        parts = split(pairs, Splitting(seed=seed, dev=0.1, test=0.1))
        assert parts.by == "group"
        for part in (parts.dev, parts.test):
            assert max(Counter(pair.origin.group for pair in part).values()) == 8


def test_large_groups_are_held_out_where_there_are_no_others() -> None:
    pairs = [
        Pair(f"{g} {k}", f"{g} {k} ja", Origin("file", k, str(g)))
        for g in range(12)
        for k in range(9)
    ]
    parts = split(pairs, Splitting(dev=0.1, test=0.1))
    assert parts.by == "group"
    assert {len({pair.origin.group for pair in part}) for part in (parts.dev, parts.test)} == {1}
