"""Search guided by scores of n-grams, against all sequences listed and scored one by one."""

import math

import pytest
import torch
from searches import beam_search, exact_search
from tables import every_sequence, log_prob, random_table, sources

from latimer.search.posteriors import Guided, NgramScores
from latimer.text.vocabulary.subwords import BOS, EOS

VOCAB, LIMIT = 6, 5
THETA = (0.3, 0.7, 0.2, 1.1)
SCORES = {
    (3,): 0.5, (4,): 1.0, (EOS,): 1.0, (BOS, 3): 0.25, (3, 4): 0.9, (4, EOS): 0.6, (4, 4): 0.3,
    (BOS, 3, 4): 0.2, (3, 4, 5): 0.8, (3, 5, EOS): 0.4, (BOS, 3, 4, 5): 0.2, (4, 5, 3, EOS): 0.7,
}  # fmt: skip


def collected(tokens, scores, weights):
    """Σ of Θ_n · score over the n-grams that are completed by a token, its end included."""
    whole, total = [BOS, *tokens, EOS], 0.0
    for end in range(1, len(whole)):
        for n in range(1, 5):
            if end - n + 1 >= 0:
                total += weights[n - 1] * scores.get(tuple(whole[end - n + 1 : end + 1]), 0.0)
    return total


def expected(scorer, table, scores, weights):
    """All sequences that end within LIMIT, best first, with what a guided search gives them."""
    found = [
        (tokens, log_prob(scorer, table, [*tokens, EOS]) + collected(tokens, scores, weights)
         - sum(weights) * (len(tokens) + 1))
        for tokens, _ in every_sequence(scorer, table, LIMIT)
        if len(tokens) < LIMIT
    ]  # fmt: skip
    return sorted(found, key=lambda entry: -entry[1])


@pytest.mark.parametrize("seed", range(3))
def test_the_best_sequences_are_those_of_the_sum(seed):
    scorer = random_table(1, VOCAB, seed)
    wanted = expected(scorer, 0, SCORES, THETA)
    guided = Guided(scorer, [NgramScores(SCORES, THETA)], THETA)
    (found,) = beam_search(
        guided, *sources(0), max_length=LIMIT, beam=400, nbest=20, normalisation="none"
    )
    assert [h.tokens for h in found] == [tokens for tokens, _ in wanted[:20]]
    for hypothesis, (_, total) in zip(found, wanted, strict=False):
        assert hypothesis.log_prob == pytest.approx(total, abs=1e-5)
    (best,) = exact_search(guided, *sources(0), max_length=LIMIT)
    assert best.hypothesis.tokens == wanted[0][0]


def test_guidance_changes_the_order():
    scorer = random_table(1, VOCAB, 0)
    plain = expected(scorer, 0, {}, (0, 0, 0, 0))
    assert plain[0][0] != expected(scorer, 0, SCORES, THETA)[0][0]


def test_each_sentence_of_a_batch_has_scores_of_its_own():
    scorer, others = random_table(2, VOCAB, 7), {(5,): 1.0, (5, 5): 1.0, (4, EOS): 1.0}
    tables = [NgramScores(one, THETA) for one in (SCORES, others, {})]
    found = beam_search(
        Guided(scorer, tables, THETA), *sources(0, 1, 1), max_length=LIMIT, beam=40, nbest=3,
        normalisation="none",
    )  # fmt: skip
    for place, (table, scores) in enumerate(((0, SCORES), (1, others), (1, {}))):
        wanted = expected(scorer, table, scores, THETA)[:3]
        assert [h.tokens for h in found[place]] == [tokens for tokens, _ in wanted]


def test_without_posteriors_the_search_is_the_scorers_own():
    scorer = random_table(2, 9, 5)
    plain = beam_search(scorer, *sources(0, 1), max_length=7, beam=4, nbest=4)
    nothing = (0.0, 0.0, 0.0, 0.0)
    guided = Guided(scorer, [NgramScores(SCORES, nothing)] * 2, nothing)
    found = beam_search(guided, *sources(0, 1), max_length=7, beam=4, nbest=4)
    assert [[h.tokens for h in one] for one in found] == [[h.tokens for h in one] for one in plain]


def test_no_step_gives_more_than_probability_one():
    guided = Guided(random_table(1, VOCAB, 1), [NgramScores(SCORES, THETA)], THETA)
    state = guided.start(*sources(0))
    for token in (BOS, 3, 4, 5, 3):
        scores, state = guided.step(state, torch.tensor([token]))
        assert float(scores.logsumexp(1)) == pytest.approx(0.0, abs=1e-12)
        assert math.isclose(float(scores.exp().sum()), 1.0)
