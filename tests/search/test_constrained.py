"""Beam search with phrases against enumeration, and what always holds."""

import math
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from searches import beam_search, constrained_beam_search
from tables import every_sequence, random_table, sources
from test_beam import _Wide

from latimer.errors import InputError
from latimer.search.constrained import allocate
from latimer.search.phrases import Phrases
from latimer.search.rules import NoRepeat, Ruled
from latimer.search.scorer import DeadEnd
from latimer.text.vocabulary.subwords import EOS, UNK


def times(phrase, tokens):
    """How often a phrase stands in tokens, overlaps counted."""
    size = len(phrase)
    return sum(tokens[k : k + size] == phrase for k in range(len(tokens) - size + 1))


def holds(tokens, phrases):
    wanted = Counter(map(tuple, phrases))
    return all(times(list(phrase), tokens) >= count for phrase, count in wanted.items())


PHRASES = [
    [],
    [[4]],
    [[4, 5]],
    [[4, 5], [5, 4]],  # overlapping: 4 5 4 holds both
    [[4, 4], [4, 4]],  # twice: 4 4 4 is enough
    [[4, 5, 4], [5]],  # one within the other
    [[5], [5]],
    [[4, 5], [5, 5, 4]],
    [[5, 5], [4]],
    [[4, 5], [4, 4, 5]],  # an end of one is another
]


@pytest.mark.parametrize("phrases", PHRASES, ids=str)
def test_a_beam_as_wide_as_the_tree_finds_the_best_that_hold_the_phrases(phrases):
    for seed in range(3):
        scorer = random_table(1, 6, seed)
        (found,) = constrained_beam_search(
            scorer, *sources(0), phrases=[phrases], max_length=6, beam=130, nbest=8
        )
        everything = [
            (total / (len(tokens) + 1), tokens)
            for tokens, total in every_sequence(scorer, 0, 6)
            if holds(tokens, phrases)
        ]
        best = sorted(everything, reverse=True)[:8]
        assert [h.tokens for h in found] == [tokens for _, tokens in best]
        assert [h.score for h in found] == pytest.approx([score for score, _ in best], abs=1e-5)


token_lists = st.lists(st.integers(4, 8), min_size=1, max_size=3)


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    phrases=st.lists(st.lists(token_lists, max_size=3), min_size=1, max_size=4),
    spare=st.lists(st.integers(1, 6), min_size=4, max_size=4),
    beam=st.integers(1, 9),
    stop=st.sampled_from(["safe", "near"]),
    data=st.data(),
)
def test_all_that_is_found_holds_its_phrases_and_the_batch_changes_nothing(
    seed, phrases, spare, beam, stop, data
):
    scorer = random_table(len(phrases), 9, seed)
    sizes = [sum(map(len, several)) for several in phrases]
    limits = torch.tensor([size + more for size, more in zip(sizes, spare, strict=False)])
    nbest = data.draw(st.integers(1, beam))
    settings = {"beam": beam, "nbest": nbest, "stop": stop}
    batch = sources(*range(len(phrases)))
    together = constrained_beam_search(
        scorer, *batch, phrases=phrases, max_length=limits, **settings
    )
    for place, (found, several) in enumerate(zip(together, phrases, strict=True)):
        assert found
        limit = int(limits[place])
        for h in found:
            assert holds(h.tokens, several)
            assert len(h.tokens) + h.finished <= limit
        one = {**settings, "max_length": limit}
        (alone,) = constrained_beam_search(scorer, *sources(place), phrases=[several], **one)
        assert [h.tokens for h in alone] == [h.tokens for h in found]
        assert [h.score for h in alone] == pytest.approx([h.score for h in found], abs=1e-5)
        if not several:
            (plain,) = beam_search(scorer, *sources(place), **one)
            assert [h.tokens for h in plain] == [h.tokens for h in found]
            assert [h.score for h in plain] == pytest.approx([h.score for h in found], abs=1e-5)


@given(seed=st.integers(0, 500), beam=st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_a_large_vocabulary_with_ties_and_no_phrases_is_beam_search(seed, beam):
    scorer = _Wide(600, seed)
    given = {"max_length": 9, "beam": beam, "nbest": beam}
    plain = beam_search(scorer, *sources(0, 1), **given)
    found = constrained_beam_search(scorer, *sources(0, 1), phrases=[[], []], **given)
    assert found == plain


@given(
    phrases=st.lists(st.lists(token_lists, max_size=3), min_size=1, max_size=3),
    written=st.lists(st.integers(4, 9), max_size=12),
)
def test_progress_is_what_counting_finds(phrases, written):
    tables = Phrases(phrases)
    sentences = torch.arange(len(phrases))
    progress = tables.start(len(phrases))
    for token in written:
        progress = tables.read(progress, torch.full((len(phrases),), token), sentences)
    for place, several in enumerate(phrases):
        wanted = Counter(map(tuple, several))
        counts = {p: min(times(list(p), written), n) for p, n in wanted.items()}
        begun = max(
            (
                size
                for p, n in wanted.items()
                for size in range(1, len(p))
                if counts[p] < n and written[-size:] == list(p[:size])
            ),
            default=0,
        )
        expected = sum(len(p) * n for p, n in counts.items()) + begun
        assert int(tables.met(progress, sentences)[place]) == expected
        assert (expected == int(tables.total[place])) == holds(written, several)


def test_slots_are_shared_among_banks_by_hand():
    nothing = -math.inf
    values = torch.tensor([[-1.0, -2.0, -3.0, -4.0, -5.0, nothing]], dtype=torch.float64)

    def chosen(met, total, slots):
        mask = allocate(values, torch.tensor([met]), torch.tensor([total]), torch.tensor([slots]))
        return mask[0].nonzero().flatten().tolist()

    # Three banks, a slot each: the best of each.
    assert chosen([0, 0, 1, 1, 2, 2], 2, 3) == [0, 2, 4]
    # Four slots: what is left over is the last bank's, which has no second candidate; so bank 1.
    assert chosen([0, 0, 1, 1, 2, 2], 2, 4) == [0, 2, 3, 4]
    # The last bank is empty: its slot goes to the one below.
    assert chosen([0, 0, 0, 1, 1, 2], 2, 3) == [0, 3, 4]
    # Fewer slots than banks: the highest first.
    assert chosen([0, 0, 0, 1, 1, 3], 3, 2) == [3, 4]
    # No phrases: the best of all.
    assert chosen([0] * 6, 0, 3) == [0, 1, 2]


def test_a_narrow_beam_pays_for_phrases_that_greedy_search_would_not_write():
    scorer = random_table(1, 9, 0)
    scorer.table[..., 8] -= 12.0
    scorer.table[..., 7] -= 12.0
    (found,) = constrained_beam_search(
        scorer, *sources(0), phrases=[[[8, 7], [7]]], max_length=10, beam=1
    )
    assert times([8, 7], found[0].tokens) == 1


def test_what_cannot_be_is_refused():
    scorer = random_table(2, 6, 0)
    search = {"max_length": 4}
    with pytest.raises(InputError, match="sentence 2: its phrases have 4 tokens, which do not fit"):
        constrained_beam_search(scorer, *sources(0, 1), phrases=[[], [[4, 4, 4], [5]]], **search)
    with pytest.raises(InputError, match="phrases of 1 sentences for a batch of 2"):
        constrained_beam_search(scorer, *sources(0, 1), phrases=[[]], **search)
    for phrase in ([], [4, EOS], [UNK]):
        with pytest.raises(InputError, match="at least one token expected"):
            constrained_beam_search(scorer, *sources(0), phrases=[[phrase]], **search)
    ruled = Ruled(scorer, [NoRepeat(1)])
    with pytest.raises(DeadEnd) as dead:
        constrained_beam_search(ruled, *sources(0, 1), phrases=[[], [[4, 4]]], max_length=5)
    assert dead.value.sentence == 1


def test_an_empty_batch_and_attention():
    scorer = random_table(1, 6, 0)
    empty = [part[:0] for part in sources(0)]
    assert constrained_beam_search(scorer, *empty, phrases=[], max_length=4) == []
    (found,) = constrained_beam_search(
        scorer, *sources(0), phrases=[[[4, 5]]], max_length=6, keep_attention=True
    )
    best = found[0]
    # The table's attention is the last two tokens read, so it spells the hypothesis.
    assert best.attention[:, 1].tolist()[1:] == [float(t) for t in best.tokens]
