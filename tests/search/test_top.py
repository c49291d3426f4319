import math

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latimer.search import top
from latimer.search.top import best_continuations, first_highest, log_sum_exp


def sorted_by_hand(log_probs, scores, normalisers, k):
    """Every continuation in a list, sorted by value, then prefix, then column."""
    sentences, width = log_probs.shape
    result = []
    for s in range(sentences):
        entries = []
        for w in range(width):
            row = s * width + w
            if log_probs[s, w] == -math.inf:
                continue
            values = scores[row].double() + (log_probs[s, w] - normalisers[row])
            entries += [(-v, w, c) for c, v in enumerate(values.tolist()) if v > -math.inf]
        result.append([(-v, w, c) for v, w, c in sorted(entries)[:k]])
    return result


@pytest.fixture(params=[0, 1 << 62], ids=["dealt out", "sorted"])
def few(request, monkeypatch):
    """Both ways to the same result, whatever the size."""
    monkeypatch.setattr(top, "FEW", request.param)
    monkeypatch.setattr(top, "_CHUNK", 40)  # ties are looked for in several parts


@pytest.mark.usefixtures("few")
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 100_000),
    sentences=st.integers(1, 3),
    width=st.integers(1, 4),
    columns=st.sampled_from([1, 2, 7, 511, 512, 513, 700, 1027]),
    k=st.integers(1, 40),
    step=st.sampled_from([0.0, 0.25, 2.0]),
    missing=st.sampled_from([0.0, 0.3, 0.999]),
)
def test_agrees_with_sorting_everything(seed, sentences, width, columns, k, step, missing):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(sentences * width, columns, generator=generator)
    if step:  # coarse scores: ties everywhere
        scores = (scores / step).round() * step
    scores[torch.rand(scores.shape, generator=generator) < missing] = -math.inf
    log_probs = -torch.rand(sentences, width, generator=generator, dtype=torch.float64).round()
    dead = torch.rand(log_probs.shape, generator=generator) < 0.3
    log_probs[dead] = -math.inf
    scores[dead.flatten()] = math.nan  # must not leak from dead rows
    normalisers = torch.rand(sentences * width, generator=generator).round()
    found = best_continuations(log_probs, scores, normalisers, k)
    assert found.log_probs.shape == (sentences, min(k, width * columns))
    for s, expected in enumerate(sorted_by_hand(log_probs, scores, normalisers, k)):
        n = len(expected)
        rows = zip(found.log_probs[s], found.parents[s], found.columns[s], strict=True)
        assert [(float(v), int(p), int(c)) for v, p, c in rows][:n] == expected
        assert found.log_probs[s, n:].isneginf().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (40, 8000)])
def test_log_sum_exp_agrees_with_pytorch(dtype, shape):
    scores = (torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 5).to(dtype)
    expected = torch.logsumexp(scores.double(), 1)
    torch.testing.assert_close(log_sum_exp(scores).double(), expected, atol=2e-6, rtol=1e-6)


def test_log_sum_exp_of_large_scores_does_not_overflow():
    assert log_sum_exp(torch.tensor([[1000.0, 1000.0]])).item() == pytest.approx(
        1000 + math.log(2), abs=1e-3
    )


@pytest.mark.parametrize(
    "row", [[math.nan, 0.0], [math.inf, 0.0], [-math.inf, -math.inf], [math.inf, -math.inf]]
)
def test_log_sum_exp_of_broken_scores_is_not_finite(row):
    assert not log_sum_exp(torch.tensor([row])).isfinite().any()


@given(st.integers(1, 40), st.sampled_from([1, 100, 127, 128, 1000, 3001]), st.integers(0, 2**31))
def test_the_first_of_the_highest_is_that_of_a_search_one_by_one(rows, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    # Few different values, so that most rows hold their largest several times.
    scores = torch.randint(-3, 3, (rows, columns), generator=generator).float() * 40
    scores[:, ::3] = -torch.inf
    with pytest.MonkeyPatch.context() as patch:
        for few in (0, top.FEW):
            patch.setattr(top, "FEW", few)
            for some in (scores, scores[:, columns // 3 :]):
                wanted = [row.index(max(row)) for row in some.tolist()]
                assert first_highest(some).tolist() == wanted
