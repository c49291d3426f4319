"""Search guided by values against all sequences listed."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import pytest
import torch
from tables import every_sequence, log_prob, random_table, sources
from torch import Tensor

from latimer.errors import InputError
from latimer.search.beam import beam_search
from latimer.search.exact import exact_search
from latimer.search.guided import Guided
from latimer.search.sampling import sample
from latimer.text.vocabulary.subwords import BOS, EOS

VOCAB, LIMIT = 6, 4
WORDS = range(EOS + 1, VOCAB)


@dataclass(frozen=True)
class Prefixes:
    """What each row has written."""

    written: tuple[tuple[int, ...], ...]
    attention: Tensor | None = None

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> Prefixes:
        return Prefixes(tuple(self.written[row] for row in rows.tolist()))


@dataclass(frozen=True)
class Values:
    """A critic that knows the value of every prefix by heart; 0 of what is never written."""

    table: dict[tuple[int, ...], Tensor]

    def start(self, source: Tensor, lengths: Tensor) -> Prefixes:
        return Prefixes(((),) * len(source))

    def step(self, state: Prefixes, tokens: Tensor) -> tuple[Tensor, Prefixes]:
        longer = [
            (*row, token) if token != BOS else row
            for row, token in zip(state.written, tokens.tolist(), strict=True)
        ]
        nothing = torch.zeros(VOCAB, dtype=torch.float64)  # rows that have ended go on unseen
        values = torch.stack([self.table.get(row, nothing) for row in longer])
        return values, Prefixes(tuple(longer))


def prefixes() -> list[tuple[int, ...]]:
    return [p for n in range(LIMIT) for p in itertools.product(WORDS, repeat=n)]


def random_values(seed: int) -> dict[tuple[int, ...], Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {p: torch.randn(VOCAB, generator=generator, dtype=torch.float64) for p in prefixes()}


def chances(translator, prefix: tuple[int, ...]) -> list[float]:
    """π of the next token, by hand."""
    history = (BOS, BOS, *prefix)
    powers = [math.exp(score) for score in translator.table[0, history[-2], history[-1]].tolist()]
    return [power / sum(powers) for power in powers]


def found(scorer, nbest: int = 8):
    (beam,) = beam_search(
        scorer, *sources(0), max_length=LIMIT, beam=200, nbest=nbest, normalisation="none"
    )
    return beam


@pytest.mark.parametrize("weight", [0.5, 4.0])
def test_a_score_is_log_p_and_the_value_gained_at_every_token(weight):
    translator, values = random_table(1, VOCAB, 3), random_values(4)
    expected = []
    for tokens, total in every_sequence(translator, 0, LIMIT):
        gained = 0.0
        for k, token in enumerate([*tokens, EOS]):
            q = values[tuple(tokens[:k])].tolist()
            pi = chances(translator, tuple(tokens[:k]))
            mean = sum(p * math.exp(weight * value) for p, value in zip(pi, q, strict=True))
            gained += q[token] - math.log(mean) / weight
        expected.append((total + weight * gained, tokens))
    expected.sort(reverse=True)
    hypotheses = found(Guided(translator, Values(values), weight))
    assert [h.tokens for h in hypotheses] == [tokens for _, tokens in expected[:8]]
    for hypothesis, (total, _) in zip(hypotheses, expected, strict=False):
        assert hypothesis.log_prob == pytest.approx(total, abs=1e-5)
    (best,) = exact_search(Guided(translator, Values(values), weight), *sources(0), max_length=4)
    assert best.proven
    assert best.hypothesis.tokens == expected[0][1]


def exact_values(translator, scores: dict[tuple[int, ...], float], weight: float):
    """q(s, a) = r + V(s'), backwards; the score comes with the last token. Also V(s_1)."""
    table, value = {}, {}
    for prefix in reversed(prefixes()):
        q = torch.zeros(VOCAB, dtype=torch.float64)
        for token in range(EOS, VOCAB):
            longer = (*prefix, token)
            q[token] = scores[longer] if longer in scores else value[longer]
        pi = chances(translator, prefix)
        mean = sum(p * math.exp(weight * v) for p, v in zip(pi, q.tolist(), strict=True))
        table[prefix], value[prefix] = q, math.log(mean) / weight
    return table, value[()]


@pytest.mark.parametrize("weight", [0.3, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_with_exact_values_the_best_is_that_of_log_p_and_the_score(seed, weight):
    translator = random_table(1, VOCAB, seed)
    generator = torch.Generator().manual_seed(seed + 9)
    ends = [(*p, EOS) for p in prefixes()] + [*itertools.product(WORDS, repeat=LIMIT)]
    scores = {end: float(torch.rand((), generator=generator)) for end in ends}
    values, start = exact_values(translator, scores, weight)
    expected = sorted(
        (
            (log_prob(translator, 0, [*tokens, EOS]) + weight * scores[*tokens, EOS], tokens)
            for tokens, _ in every_sequence(translator, 0, LIMIT)
        ),
        reverse=True,
    )
    hypotheses = found(Guided(translator, Values(values), weight))
    assert [h.tokens for h in hypotheses] == [tokens for _, tokens in expected[:8]]
    for hypothesis, (total, _) in zip(hypotheses, expected, strict=False):
        assert hypothesis.log_prob == pytest.approx(total - weight * start, abs=1e-5)


def test_weight_nought_is_the_translator_itself():
    translator, values = random_table(2, VOCAB, 5), Values(random_values(6))
    batch, settings = sources(0, 1), {"max_length": LIMIT, "beam": 3, "nbest": 3}
    plain = beam_search(translator, *batch, **settings, keep_attention=True)
    guided = beam_search(Guided(translator, values, 0.0), *batch, **settings, keep_attention=True)
    for left, right in zip(itertools.chain(*plain), itertools.chain(*guided), strict=True):
        assert (left.tokens, left.log_prob) == (right.tokens, right.log_prob)
        assert torch.equal(left.attention, right.attention)


def test_what_is_drawn_has_a_higher_value():
    translator = random_table(1, VOCAB, 7)
    scores = {(*p, EOS): len(p) / LIMIT for p in prefixes()}
    scores |= dict.fromkeys(itertools.product(WORDS, repeat=LIMIT), 1.0)
    values, _ = exact_values(translator, scores, 5.0)
    lengths = [
        sample(scorer, *sources(0), max_length=LIMIT, samples=500, seed=1).lengths.float().mean()
        for scorer in (translator, Guided(translator, Values(values), 5.0))
    ]
    assert lengths[1] > lengths[0] + 0.3


def test_impossible_settings_get_one_line():
    translator = random_table(1, VOCAB, 1)
    for weight in (-0.1, math.nan, math.inf):
        with pytest.raises(InputError, match="weight of the critic"):
            Guided(translator, translator, weight)
    with pytest.raises(InputError, match="a critic of 5 tokens for a translator of 6"):
        found(Guided(translator, random_table(1, 5, 1), 1.0))
