import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from searches import beam_search
from tables import TableScorer, every_sequence, log_prob, random_table, sources

from latimer.errors import LatimerError
from latimer.search.greedy import greedy_search
from latimer.search.stopping import STOPS
from latimer.text.vocabulary.subwords import BOS, EOS, PAD, UNK

DIVISORS = {
    "power": lambda length, alpha: length**alpha,
    "gnmt": lambda length, alpha: ((5 + length) / 6) ** alpha,
    "none": lambda length, alpha: 1.0,
}
SCORINGS = [
    ("power", 0.0), ("power", 0.6), ("power", 1.0), ("power", 2.5), ("gnmt", 0.6), ("gnmt", 1.0),
    ("none", 1.0),
]  # fmt: skip


def beam_by_hand(scorer, table, *, width, limit, score, nbest):
    """The algorithm in plain lists, run until every slot or the length is used up."""
    live, finished, cut, slots = [([], 0.0)], [], [], width
    for length in range(1, limit + 1):
        candidates = []
        for tokens, total in live:
            history = [BOS, BOS, *tokens]
            row = scorer.table[table, history[-2], history[-1]]
            row = torch.log_softmax(row.double(), 0).tolist()
            for token in range(EOS, len(row)):
                if row[token] > -math.inf:
                    candidates.append(([*tokens, token], total + row[token]))
        candidates = sorted(candidates, key=lambda c: -c[1])[:slots]
        done = [c for c in candidates if c[0][-1] == EOS]
        slots -= len(done)
        finished += [(tokens[:-1], total, score(total, length)) for tokens, total in done]
        live = [c for c in candidates if c[0][-1] != EOS]
        if length == limit:
            cut = [(tokens, total, score(total, length)) for tokens, total in live]
    return sorted(finished or cut, key=lambda f: -f[2])[:nbest], bool(finished)


def agrees(found, expected, finished=True):
    """Same tokens and scores, in the same order."""
    assert [h.tokens for h in found] == [tokens for tokens, *_ in expected]
    for hypothesis, (_, total, score) in zip(found, expected, strict=True):
        assert hypothesis.log_prob == pytest.approx(total, abs=1e-5)
        assert hypothesis.score == pytest.approx(score, abs=1e-5)
        assert hypothesis.finished == finished


@pytest.mark.parametrize(("normalisation", "alpha"), SCORINGS)
@pytest.mark.parametrize(("vocab", "limit", "beam"), [(5, 5, 12), (6, 5, 70), (7, 4, 200)])
def test_a_beam_as_wide_as_the_tree_finds_the_exact_nbest(vocab, limit, beam, normalisation, alpha):
    for seed in range(4):
        scorer = random_table(3, vocab, seed)
        found = beam_search(
            scorer, *sources(0, 1, 2), max_length=limit, beam=beam, alpha=alpha,
            normalisation=normalisation, nbest=12,
        )  # fmt: skip
        for table in range(3):
            everything = [
                (tokens, total, total / DIVISORS[normalisation](len(tokens) + 1, alpha))
                for tokens, total in every_sequence(scorer, table, limit)
            ]
            everything.sort(key=lambda entry: -entry[2])
            agrees(found[table], everything[:12])


def test_unk_is_a_word_like_others_when_allowed():
    scorer = random_table(1, 6, 3)
    (found,) = beam_search(
        scorer, *sources(0), max_length=4, beam=200, nbest=40, allow_unk=True, normalisation="none"
    )
    everything = sorted(every_sequence(scorer, 0, 4, unk=True), key=lambda entry: -entry[1])
    agrees(found, [(tokens, total, total) for tokens, total in everything])
    assert any(UNK in h.tokens for h in found)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    vocab=st.integers(5, 12),
    beam=st.integers(1, 9),
    limits=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    scoring=st.sampled_from(SCORINGS),
    data=st.data(),
)
def test_stopping_early_changes_no_result(seed, vocab, beam, limits, scoring, data):
    nbest = data.draw(st.integers(1, beam))
    normalisation, alpha = scoring
    scorer = random_table(len(limits), vocab, seed)
    found = beam_search(
        scorer, *sources(*range(len(limits))), max_length=torch.tensor(limits), beam=beam,
        alpha=alpha, normalisation=normalisation, nbest=nbest,
    )  # fmt: skip
    divisor = DIVISORS[normalisation]
    for table, limit in enumerate(limits):
        expected, finished = beam_by_hand(
            scorer, table, width=beam, limit=limit, nbest=nbest,
            score=lambda total, length: total / divisor(length, alpha),
        )  # fmt: skip
        agrees(found[table], expected, finished)


def test_safe_stopping_does_stop_early():
    # Whatever is first finished wins without normalisation: later prefixes are far behind.
    table = torch.full((1, 6, 6, 6), 0.0)
    table[0, BOS, BOS, EOS] = 20.0
    ended, endless = TableScorer(table), TableScorer(table)
    beam_search(ended, *sources(0), max_length=50, beam=4, normalisation="none")
    beam_search(endless, *sources(0), max_length=50, beam=4, normalisation="none", nbest=4)
    assert ended.rows_scored == 1
    assert endless.rows_scored > 1


@pytest.mark.parametrize(
    ("at_once", "length", "found"),
    [(0.7, 4, True), (0.8, 8, False)],  # log 0.3 / 4 > log 0.7, log 0.2 / 4 < log 0.8 < log 0.2 / 8
)
def test_stopping_near_looks_three_tokens_ahead(at_once, length, found):
    # EOS first, or a chain of `length` tokens all but the first of which are certain.
    table = torch.full((1, 12, 12, 12), -math.inf)
    table[0, BOS, BOS, EOS], table[0, BOS, BOS, 4] = math.log(at_once), math.log(1 - at_once)
    chain = [BOS, *range(4, 3 + length), EOS]
    for before, last, following in zip(chain, chain[1:], chain[2:], strict=False):
        table[0, before, last, following] = 0.0
    search = partial(beam_search, TableScorer(table), *sources(0), max_length=20, beam=3)
    ((best,),), ((near,),) = search(stop="safe"), search(stop="near")
    assert best.tokens == chain[1:-1]
    assert best.score == pytest.approx(math.log(1 - at_once) / length)
    assert near.tokens == (best.tokens if found else [])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    limits=st.lists(st.integers(1, 12), min_size=1, max_size=5),
    beam=st.integers(1, 8),
    data=st.data(),
)
def test_stopping_near_never_finds_better_than_the_best(seed, limits, beam, data):
    nbest = data.draw(st.integers(1, beam))
    search = partial(
        beam_search, random_table(len(limits), 9, seed), *sources(*range(len(limits))),
        max_length=torch.tensor(limits), beam=beam, nbest=nbest,
    )  # fmt: skip
    for limit, *several in zip(limits, *(search(stop=s) for s in STOPS), strict=True):
        safe, near = ([h.score for h in found] for found in several)
        assert len(safe) == len(near)
        # but for what other batches round otherwise
        assert all(x >= y - 1e-5 for x, y in zip(safe, near, strict=True))
        if limit <= 4:  # never more than three tokens ahead
            assert near == pytest.approx(safe, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    vocab=st.sampled_from([5, 6, 9, 20, 515, 700]),
    limit=st.integers(1, 12),
)
def test_a_beam_of_one_is_greedy(seed, vocab, limit):
    scorer = random_table(4, vocab, seed) if vocab < 40 else _Wide(vocab, seed)
    batch = sources(0, 1, 2, 3)
    greedy = greedy_search(scorer, *batch, max_length=limit)
    for one, (hypothesis,) in zip(
        greedy, beam_search(scorer, *batch, max_length=limit, beam=1), strict=True
    ):
        assert hypothesis.tokens == one.tokens
        assert hypothesis.finished == one.finished
        assert hypothesis.log_prob == pytest.approx(one.log_prob, abs=1e-9)


class _Wide(TableScorer):
    """A first-order table for a large vocabulary, rounded so coarsely that ties are frequent."""

    def __init__(self, vocab, seed):
        generator = torch.Generator().manual_seed(seed)
        super().__init__(torch.randn(4, vocab, vocab, generator=generator).mul(8).round().div(8))

    def step(self, state, tokens):
        previous = torch.stack([state.previous[:, 1], tokens], dim=1)
        return self.table[state.tables, tokens], replace(state, previous=previous)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    order=st.lists(st.integers(0, 3), min_size=1, max_size=6),
    vocab=st.sampled_from([7, 30, 600]),
    beam=st.integers(1, 6),
)
def test_the_rest_of_the_batch_changes_nothing(seed, order, vocab, beam):
    scorer = random_table(4, vocab, seed) if vocab < 40 else _Wide(vocab, seed)
    limits = torch.tensor([3, 5, 8, 12])
    search = partial(beam_search, scorer, beam=beam, nbest=min(beam, 2))
    alone = [search(*sources(table), max_length=limits[table])[0] for table in range(4)]
    together = search(*sources(*order), max_length=limits[order])
    for table, found in zip(order, together, strict=True):
        agrees(
            found, [(h.tokens, h.log_prob, h.score) for h in alone[table]], alone[table][0].finished
        )


def test_a_beam_wider_than_the_vocabulary():
    scorer = random_table(1, 5, 0)
    (found,) = beam_search(scorer, *sources(0), max_length=3, beam=50, nbest=50)
    assert len(found) == 3  # "", "4", "4 4"
    assert sorted(len(h.tokens) for h in found) == [0, 1, 2]


def test_of_equals_the_lowest_id_wins():
    table = torch.zeros(1, 8, 8, 8)
    table[..., EOS] = -1.0
    (found,) = beam_search(TableScorer(table), *sources(0), max_length=2, beam=3, nbest=3)
    assert [h.tokens for h in found] == [[4, 4], [4, 5], [4, 6]]


def test_only_what_is_unfinished_is_returned_as_unfinished():
    scorer = random_table(2, 6, 0)
    scorer.table[..., EOS] = -math.inf
    scorer.table[1, BOS, BOS, EOS] = 0.0
    without, finished = beam_search(scorer, *sources(0, 1), max_length=4, beam=3, nbest=3)
    assert [h.finished for h in without] == [False] * 3
    assert {len(h.tokens) for h in without} == {4}
    assert [h.finished for h in finished] == [True]
    for hypothesis in without:
        assert hypothesis.log_prob == pytest.approx(log_prob(scorer, 0, hypothesis.tokens))
        assert hypothesis.score == pytest.approx(hypothesis.log_prob / 4)


def test_only_one_row_a_sentence_takes_the_first_step():
    scorer = random_table(3, 6, 0)
    beam_search(scorer, *sources(0, 1, 2), max_length=1, beam=5)
    assert scorer.rows_scored == 3


def test_special_tokens_are_never_written():
    scorer = random_table(2, 7, 1)
    scorer.table[..., [PAD, BOS, UNK]] += 6
    for found in beam_search(scorer, *sources(0, 1), max_length=6, beam=8, nbest=8):
        assert min(token for h in found for token in h.tokens) > EOS


def test_attention_follows_each_hypothesis_back_to_its_start():
    # The table's "attention" is the last two tokens read, so it spells the hypothesis.
    scorer = random_table(4, 7, 5)
    source = torch.tensor([[table, EOS] for table in range(4)])
    found = beam_search(
        scorer, source, torch.tensor([2, 2, 2, 2]), max_length=7, beam=6, nbest=6,
        keep_attention=True,
    )  # fmt: skip
    hypotheses = [h for several in found for h in several]
    assert any(len(h.tokens) > 2 for h in hypotheses)
    for hypothesis in hypotheses:
        read = [BOS, BOS, *hypothesis.tokens]
        expected = [read[t : t + 2] for t in range(len(hypothesis.tokens) + 1)]
        assert hypothesis.attention.tolist() == expected


def test_attention_is_cut_to_the_source():
    found = beam_search(
        random_table(1, 6, 0), torch.tensor([[0, PAD]]), torch.tensor([1]), max_length=3,
        keep_attention=True,
    )  # fmt: skip
    assert found[0][0].attention.shape == (len(found[0][0].tokens) + 1, 1)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("step", ["first", "later"])
def test_a_broken_model_is_named(bad, step):
    scorer = random_table(1, 6, 0)
    scorer.table[0, :, :, EOS] = -9.0
    scorer.table[0, BOS, BOS if step == "first" else 4, 4] = bad
    with pytest.raises(LatimerError, match="model is broken"):
        beam_search(scorer, *sources(0), max_length=5, beam=4)


@pytest.mark.parametrize("columns", [slice(None), slice(EOS, None)])
def test_a_model_that_permits_nothing_is_named(columns):
    scorer = random_table(1, 6, 0)
    scorer.table[..., columns] = -math.inf
    with pytest.raises(LatimerError, match="model is broken"):
        beam_search(scorer, *sources(0), max_length=5, beam=4)


def test_impossible_tokens_are_never_written():
    scorer = random_table(1, 7, 0)
    scorer.table[..., 5] = -math.inf
    (found,) = beam_search(scorer, *sources(0), max_length=4, beam=100, nbest=100)
    assert len(found) == 1 + 2 + 4 + 8
    assert all(5 not in h.tokens for h in found)


def test_an_empty_batch_gives_nothing():
    empty = torch.zeros(0, 1, dtype=torch.long)
    assert beam_search(random_table(1, 6, 0), empty, empty[:, 0], max_length=5) == []
