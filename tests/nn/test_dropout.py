import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latimer.nn.dropout import LEVELS, Dropout, noise


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(st.floats(0, 0.95), st.integers(0, 1000))
def test_kept_elements_are_scaled_to_keep_the_mean(p, seed):
    dropout = Dropout(p)
    rate = round(p * LEVELS) / LEVELS
    with noise(generator(seed)):
        dropped = dropout(torch.ones(40_000))
    kept = dropped[dropped != 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / (1 - rate)))
    # Five standard deviations of a binomial share.
    assert abs((dropped == 0).float().mean().item() - rate) <= 5 * (rate * (1 - rate) / 4e4) ** 0.5


def test_the_gradient_goes_where_the_values_went():
    inputs = torch.randn(50, 7, requires_grad=True)
    with noise(generator(3)):
        outputs = Dropout(0.5)(inputs)
    (gradient,) = torch.autograd.grad(outputs.sum(), inputs)
    torch.testing.assert_close(outputs, inputs * gradient)


def test_nothing_is_dropped_in_evaluation_or_at_zero():
    inputs = torch.randn(9)
    assert Dropout(0.5).eval()(inputs) is inputs
    assert Dropout(0.0)(inputs) is inputs


@pytest.mark.parametrize("p", [-0.1, 1.0, 2.0])
def test_an_impossible_rate_is_refused(p):
    with pytest.raises(ValueError, match="dropout must be"):
        Dropout(p)


def test_every_thread_draws_from_its_own_generator():
    dropout, masks = Dropout(0.5), {}

    def draw(seed: int) -> None:
        with noise(generator(seed)):
            masks[seed] = [dropout(torch.ones(1000)) for _ in range(20)]

    threads = [threading.Thread(target=draw, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in (1, 2):
        with noise(generator(seed)):
            for mask in masks[seed]:
                assert torch.equal(mask, dropout(torch.ones(1000)))
    assert not torch.equal(masks[1][0], masks[2][0])
