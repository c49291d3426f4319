"""Diverse beam search, against the algorithm in plain lists."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from searches import beam_search, diverse_beam_search
from tables import random_table, sources

from latimer.text.batching import pad_sources
from latimer.text.vocabulary.subwords import BOS, EOS
from networks import NETWORKS, build_from_keys
from tiny_model import SIZES


def diverse_by_hand(scorer, table, *, beam, groups, diversity, limit, nbest):
    """One group after another until every slot or the length is used up; score log P / T."""
    log_probs = scorer.table[table].double().log_softmax(-1).tolist()
    live = [[([], 0.0)] for _ in range(groups)]
    slots = [beam // groups] * groups
    finished, cut = {}, {}
    for length in range(1, limit + 1):
        written = []  # at this step, by the groups so far
        for group in range(groups):
            candidates = []
            for tokens, total in live[group]:
                history = [BOS, BOS, *tokens]
                for token in range(EOS, len(log_probs)):
                    log_prob = total + log_probs[history[-2]][history[-1]][token]
                    lowered = log_prob - diversity * written.count(token)
                    candidates.append((lowered, [*tokens, token], log_prob))
            kept = sorted(candidates, key=lambda c: -c[0])[: slots[group]]
            written += [tokens[-1] for _, tokens, _ in kept]
            live[group] = [(tokens, total) for _, tokens, total in kept if tokens[-1] != EOS]
            for _, tokens, total in kept:
                if tokens[-1] == EOS:
                    slots[group] -= 1
                    finished[tuple(tokens[:-1])] = total / length
                elif length == limit:
                    cut[tuple(tokens)] = total / length
    ranked = sorted((finished or cut).items(), key=lambda found: -found[1])
    return [(list(tokens), score) for tokens, score in ranked[:nbest]], bool(finished)


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    vocab=st.integers(5, 9),
    shape=st.sampled_from([(2, 1), (2, 2), (4, 2), (4, 4), (6, 3), (6, 2), (9, 3)]),
    diversity=st.sampled_from([0.0, 0.3, 1.0, 5.0]),
    order=st.lists(st.integers(0, 3), min_size=1, max_size=5),
    limits=st.lists(st.integers(1, 8), min_size=4, max_size=4),
    data=st.data(),
)
def test_it_is_the_algorithm_whatever_else_is_in_the_batch(
    seed, vocab, shape, diversity, order, limits, data
):
    beam, groups = shape
    nbest = data.draw(st.integers(1, beam))
    scorer = random_table(4, vocab, seed)
    found = diverse_beam_search(
        scorer, *sources(*order), max_length=torch.tensor(limits)[order], beam=beam, groups=groups,
        diversity=diversity, nbest=nbest,
    )  # fmt: skip
    for table, several in zip(order, found, strict=True):
        expected, finished = diverse_by_hand(
            scorer, table, beam=beam, groups=groups, diversity=diversity, limit=limits[table],
            nbest=nbest,
        )  # fmt: skip
        assert [h.tokens for h in several] == [tokens for tokens, _ in expected]
        assert [h.score for h in several] == pytest.approx([s for _, s in expected], abs=1e-5)
        assert {h.finished for h in several} == {finished}


@pytest.mark.parametrize("vocab", [7, 600])
@pytest.mark.parametrize("stop", ["safe", "near"])
def test_one_group_is_beam_search_exactly(vocab, stop):
    torch.manual_seed(0)
    network = build_from_keys(source_vocab=vocab, target_vocab=vocab, **(SIZES | NETWORKS["gnmt"]))
    with torch.no_grad():
        network.output.bias.normal_().mul_(2)
    batch = pad_sources([[4, 5, 6, 5, 4], [5], [6, 6, 4]])
    settings = {"max_length": 12, "beam": 6, "nbest": 4, "alpha": 0.6, "stop": stop}
    settings |= {"coverage_penalty": 0.4, "normalisation": "gnmt", "keep_attention": True}
    expected = beam_search(network.eval(), *batch, **settings)
    found = diverse_beam_search(network, *batch, groups=1, diversity=3.0, **settings)
    for ours, theirs in zip(found, expected, strict=True):
        assert [(h.tokens, h.log_prob, h.score) for h in ours] == [
            (h.tokens, h.log_prob, h.score) for h in theirs
        ]
        assert all(torch.equal(a.attention, b.attention) for a, b in zip(ours, theirs, strict=True))


def test_without_diversity_all_groups_find_the_same():
    scorer = random_table(2, 7, 4)
    settings = {"max_length": 6, "nbest": 2, "normalisation": "none"}
    one = beam_search(scorer, *sources(0, 1), beam=2, **settings)
    three = diverse_beam_search(scorer, *sources(0, 1), beam=6, groups=3, diversity=0.0, **settings)
    assert [[h.tokens for h in several] for several in three] == [
        [h.tokens for h in several] for several in one
    ]


def test_diversity_makes_first_words_differ():
    scorer = random_table(1, 9, 2)
    scorer.table[..., EOS] -= 3
    search = partial(diverse_beam_search, scorer, *sources(0), max_length=6, beam=4, nbest=4)
    (alike,), (differing,) = search(groups=4, diversity=0.0), search(groups=4, diversity=50.0)
    assert len(alike) == 1
    assert len({h.tokens[0] for h in differing}) == 4
