"""Exact search against enumeration, value iteration and beams as wide as the tree."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from searches import beam_search, exact_search
from tables import every_sequence, random_table, sources
from test_beam import DIVISORS, SCORINGS

from latimer.rl import FiniteMDP, value_iteration
from latimer.search import exact
from latimer.search.scorer import DeadEnd
from latimer.text.vocabulary.subwords import BOS, EOS
from networks import NETWORKS, build_from_keys, with_lexicon
from tiny_model import SIZES

WAITING = exact._Waiting


@given(
    seed=st.integers(0, 10_000),
    vocab=st.integers(5, 7),
    limit=st.integers(1, 5),
    scoring=st.sampled_from(SCORINGS),
    beam=st.integers(1, 3),
)
def test_it_is_the_best_of_all(seed, vocab, limit, scoring, beam):
    normalisation, alpha = scoring
    scorer = random_table(2, vocab, seed)
    found = exact_search(
        scorer, *sources(0, 1), max_length=limit, normalisation=normalisation, alpha=alpha,
        beam=beam,
    )  # fmt: skip
    for table, result in enumerate(found):
        everything = [
            (total / DIVISORS[normalisation](len(tokens) + 1, alpha), tokens)
            for tokens, total in every_sequence(scorer, table, limit)
        ]
        score, tokens = max(everything)
        assert result.proven
        assert result.gap == 0
        assert result.hypothesis.finished
        assert result.hypothesis.score == pytest.approx(score, abs=1e-6)
        assert result.hypothesis.tokens == tokens


def test_it_is_what_value_iteration_finds():
    # The same task as a decision process: states are the last two tokens and the length.
    scorer, vocab, limit = random_table(1, 6, 4), 6, 5
    number: dict[tuple[int, int, int], int] = {}
    table: dict[int, dict[int, list[tuple[float, int, float, bool]]]] = {}

    def state(two, one, length):
        key = (two, one, length)
        if key in number:
            return number[key]
        here = number[key] = len(number)
        row = torch.log_softmax(scorer.table[0, two, one].double(), 0).tolist()
        table[here] = {EOS: [(1.0, here, row[EOS], True)]}
        if length + 1 < limit:
            for token in range(EOS + 1, vocab):
                after = state(one, token, length + 1)
                table[here][token] = [(1.0, after, row[token], False)]
        return here

    start = state(BOS, BOS, 0)
    mdp = FiniteMDP.from_table(dict(sorted(table.items())), 1.0)
    (found,) = exact_search(scorer, *sources(0), max_length=limit)
    values = value_iteration(mdp, accuracy=1e-9).values
    assert np.isfinite(values).all()
    assert found.hypothesis.log_prob == pytest.approx(values[start], abs=1e-6)


@pytest.mark.parametrize("options", [pytest.param(o, id=n) for n, o in NETWORKS.items()])
def test_every_kind_of_network(options):
    torch.manual_seed(1)
    network = with_lexicon(
        build_from_keys(source_vocab=7, target_vocab=7, dropout=0.0, **(SIZES | options))
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2)
    network.eval()
    source, lengths = torch.randint(4, 7, (2, 3)), torch.tensor([3, 2])
    found = exact_search(network, source, lengths, max_length=4)
    wide = beam_search(network, source, lengths, max_length=4, beam=300, normalisation="none")
    for result, (best, *_) in zip(found, wide, strict=True):
        assert result.proven
        assert result.hypothesis.log_prob == pytest.approx(best.log_prob, abs=1e-4)
        assert result.hypothesis.tokens == best.tokens


def test_a_budget_is_honest():
    scorer = random_table(1, 12, 9, spread=0.2)
    search = {"max_length": 9, "normalisation": "power", "alpha": 1.0, "beam": 1}
    (short,) = exact_search(scorer, *sources(0), **search, budget=50)
    assert not short.proven
    assert short.expanded == 50
    (whole,) = exact_search(scorer, *sources(0), **(search | {"max_length": 4}))
    assert whole.proven
    score = -math.inf
    for budget in (1, 5, 50, 500):
        (found,) = exact_search(scorer, *sources(0), **(search | {"max_length": 4}), budget=budget)
        assert found.hypothesis.score >= score
        assert found.hypothesis.score <= whole.hypothesis.score
        assert found.hypothesis.score + found.gap >= whole.hypothesis.score - 1e-12
        score = found.hypothesis.score


@given(
    seed=st.integers(0, 10_000),
    scoring=st.sampled_from(SCORINGS),
    budget=st.integers(1, 60),
    spread=st.sampled_from([0.2, 1.5]),
)
def test_no_more_waits_than_can_be_looked_at_and_the_gap_stays_honest(
    seed, scoring, budget, spread
):
    normalisation, alpha = scoring
    scorer, waiting = random_table(1, 9, seed, spread), []

    def watched(*group):
        waiting.append(len(group[2]))
        return WAITING(*group)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "_Waiting", watched)
        (found,) = exact_search(
            scorer, *sources(0), max_length=4, normalisation=normalisation, alpha=alpha, beam=1,
            budget=budget,
        )  # fmt: skip
    best = max(
        total / DIVISORS[normalisation](len(tokens) + 1, alpha)
        for tokens, total in every_sequence(scorer, 0, 4)
    )
    score = found.hypothesis.score if found.hypothesis.finished else -math.inf
    assert score <= best + 1e-6
    assert score + found.gap >= best - 1e-6
    assert max(waiting) <= budget + 1


def test_a_sentence_that_nothing_can_be_written_for_is_named():
    scorer = random_table(2, 6, 1)
    scorer.table[1, :, :, EOS:] = -math.inf
    with pytest.raises(DeadEnd) as dead:
        exact_search(scorer, *sources(0, 1), max_length=3)
    assert dead.value.sentence == 1


def test_it_looks_at_few_prefixes():
    scorer = random_table(1, 300, 3, spread=3.0)
    (found,) = exact_search(scorer, *sources(0), max_length=20, beam=10)
    assert found.proven
    assert found.expanded < 20_000
