"""The coverage penalty, against sums in plain Python over every sequence there is."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from searches import beam_search
from tables import TableScorer, every_sequence

from latimer.errors import SettingError
from latimer.search.combined import Ensemble
from latimer.search.coverage import UNREAD
from latimer.search.scorer import default_max_length
from latimer.text.batching import pad_sources
from latimer.text.vocabulary.subwords import BOS, EOS, PAD
from networks import NETWORKS, build_from_keys, with_lexicon
from tiny_model import SIZES

POSITIONS = 4
DIVISORS = {
    "power": lambda length, alpha: length**alpha,
    "gnmt": lambda length, alpha: ((5 + length) / 6) ** alpha,
    "none": lambda length, alpha: 1.0,
}


class Reading(TableScorer):
    """A table that also attends: weights of 4 positions by the last two tokens, padding nought."""

    def __init__(self, tables, vocab, seed):
        generator = torch.Generator().manual_seed(seed)
        super().__init__(1.5 * torch.randn(tables, vocab, vocab, vocab, generator=generator))
        heed = 2 * torch.randn(tables, vocab, vocab, POSITIONS, generator=generator)
        for table in range(tables):
            heed[table, ..., length_of(table) :] = -math.inf
        self.weights = heed.double().softmax(-1)

    def step(self, state, tokens):
        scores, after = super().step(state, tokens)
        before, last = after.previous.unbind(1)
        return scores, replace(after, attention=self.weights[after.tables, before, last])


def length_of(table):
    """Of a table's sentence."""
    return min(table + 2, POSITIONS)


def sources(*tables):
    source = torch.tensor([[table, *[EOS] * 3] for table in tables])
    lengths = torch.tensor([length_of(table) for table in tables])
    return source.masked_fill(torch.arange(POSITIONS) >= lengths[:, None], PAD), lengths


def penalty(scorer, table, tokens, beta):
    """β Σ_i log min(Σ_t α_ti, 1), a position and a token at a time."""
    read, history = [0.0] * length_of(table), [BOS, BOS, *tokens]
    for step in range(len(tokens) + 1):
        weights = scorer.weights[table, history[step], history[step + 1]].tolist()
        read = [so_far + weight for so_far, weight in zip(read, weights, strict=False)]
    return beta * sum(math.log(min(total, 1.0)) for total in read)


@pytest.mark.parametrize(("normalisation", "alpha"), [("gnmt", 0.2), ("power", 1.0), ("none", 0)])
@pytest.mark.parametrize("beta", [0.2, 3.0])
def test_a_beam_as_wide_as_the_tree_finds_the_best_with_its_penalty(normalisation, alpha, beta):
    changed = 0
    for seed in range(5):
        scorer = Reading(3, 6, seed)
        search = partial(
            beam_search, scorer, *sources(0, 1, 2), max_length=5, beam=70, nbest=8, alpha=alpha,
            normalisation=normalisation,
        )  # fmt: skip
        found, without = search(coverage_penalty=beta), search()
        for table in range(3):
            everything = sorted(
                (
                    (
                        total / DIVISORS[normalisation](len(tokens) + 1, alpha)
                        + penalty(scorer, table, tokens, beta),
                        tokens,
                    )
                    for tokens, total in every_sequence(scorer, table, 5)
                ),
                reverse=True,
            )
            assert [h.tokens for h in found[table]] == [tokens for _, tokens in everything[:8]]
            assert [h.score for h in found[table]] == pytest.approx(
                [score for score, _ in everything[:8]], abs=1e-5
            )
            changed += [h.tokens for h in found[table]] != [h.tokens for h in without[table]]
    assert changed > 0


def beam_by_hand(scorer, table, *, width, limit, beta, nbest):
    """Prefixes by log P, what has ended by log P + cp, until every slot or the length is used."""
    live, finished, cut, slots = [([], 0.0)], [], [], width
    for length in range(1, limit + 1):
        candidates = []
        for tokens, total in live:
            history = [BOS, BOS, *tokens]
            row = torch.log_softmax(scorer.table[table, history[-2], history[-1]].double(), 0)
            candidates += [([*tokens, token], total + float(row[token])) for token in range(3, 7)]
        candidates = sorted(candidates, key=lambda c: -c[1])[:slots]
        ended = [c for c in candidates if c[0][-1] == EOS]
        slots -= len(ended)
        live = [c for c in candidates if c[0][-1] != EOS]
        for tokens, total in ended + (live if length == limit else []):
            score = total / length + penalty(scorer, table, tokens[:-1], beta)
            (finished if tokens[-1] == EOS else cut).append((score, tokens))
    return sorted(finished or cut, reverse=True)[:nbest]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    beam=st.integers(1, 6),
    beta=st.sampled_from([0.1, 0.5, 2.0]),
    order=st.lists(st.integers(0, 3), min_size=1, max_size=5),
    limit=st.integers(1, 8),
    data=st.data(),
)
def test_stopping_early_and_the_rest_of_the_batch_change_nothing(
    seed, beam, beta, order, limit, data
):
    nbest = data.draw(st.integers(1, beam))
    scorer = Reading(4, 7, seed)
    found = beam_search(
        scorer, *sources(*order), max_length=limit, beam=beam, nbest=nbest, coverage_penalty=beta
    )
    for table, several in zip(order, found, strict=True):
        expected = beam_by_hand(scorer, table, width=beam, limit=limit, beta=beta, nbest=nbest)
        written = [h.tokens + [EOS] * h.finished for h in several]
        assert written == [tokens for _, tokens in expected]
        assert [h.score for h in several] == pytest.approx([s for s, _ in expected], abs=1e-5)


@pytest.mark.parametrize("name", ["bahdanau", "gnmt", "general, fed", "local", "ensemble"])
def test_the_penalty_is_that_of_the_attention_that_is_returned(name):
    torch.manual_seed(3)
    networks = [
        with_lexicon(
            build_from_keys(source_vocab=40, target_vocab=40, **(SIZES | NETWORKS[choice]))
        ).eval()
        for choice in (["bahdanau", "concat"] if name == "ensemble" else [name])
    ]
    scorer = Ensemble(networks) if name == "ensemble" else networks[0]
    rows = [[5, 6, 7, 8, 9, 10, 11], [12, 13], [14, 15, 16, 17]]
    source, lengths = pad_sources(rows)
    search = partial(beam_search, beam=4, nbest=3, alpha=0.2, normalisation="gnmt")
    search = partial(search, coverage_penalty=0.7, keep_attention=True)
    together = search(scorer, source, lengths, max_length=default_max_length(lengths))
    for row, several in zip(rows, together, strict=True):
        one = pad_sources([row])
        (alone,) = search(scorer, *one, max_length=default_max_length(one[1]))
        assert [h.tokens for h in alone] == [h.tokens for h in several]
        for hypothesis in several:
            read = hypothesis.attention.double().sum(0).clamp(min=UNREAD, max=1)
            length = len(hypothesis.attention)
            score = hypothesis.log_prob / ((5 + length) / 6) ** 0.2 + 0.7 * float(read.log().sum())
            assert hypothesis.score == pytest.approx(score, rel=1e-4)


def test_a_position_that_is_never_read_leaves_scores_finite():
    scorer = Reading(1, 5, 0)
    scorer.weights[..., 1] = 0
    ((found,),) = beam_search(scorer, *sources(0), max_length=3, coverage_penalty=0.5)
    assert found.score < 0.5 * math.log(1e-9)
    assert math.isfinite(found.score)


def test_a_model_without_attention_is_refused():
    choices = SIZES | NETWORKS["cho"]
    network = build_from_keys(source_vocab=40, target_vocab=40, **choices).eval()
    with pytest.raises(SettingError, match=r"coverage_penalty is 0\.2; the model has no attention"):
        beam_search(network, *pad_sources([[5, 6]]), max_length=3, coverage_penalty=0.2)
