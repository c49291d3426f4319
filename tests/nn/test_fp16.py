"""Products with 16-bit weights against double precision, and search that uses them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latimer.nn.inference.fp16 import Fp16Weight, fp16_weight, fp16_works
from latimer.nn.inference.quantised import quantised
from networks import NETWORKS, build_from_keys, with_lexicon
from tiny_model import SIZES

CPU = torch.device("cpu")
works = pytest.mark.skipif(not fp16_works(CPU), reason="PyTorch has no such products here")


@works
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 40), st.integers(1, 70), st.integers(1, 300), st.booleans())
def test_a_product_is_that_of_the_rounded_weight(rows, outputs, width, biased):
    generator = torch.Generator().manual_seed(rows * outputs + width)
    weight = torch.randn(outputs, width, generator=generator)
    inputs = torch.randn(rows, width, generator=generator)
    bias = torch.randn(outputs, generator=generator) if biased else None
    stored = Fp16Weight(weight)
    found = torch.nn.functional.linear(inputs, stored, bias)
    wanted = inputs.double() @ weight.half().double().t() + (0 if bias is None else bias.double())
    torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-5 * width**0.5)
    assert torch.equal(stored.dequantised(), weight.half().float())


@works
def test_more_dimensions_and_a_part():
    torch.manual_seed(0)
    weight, rows = Fp16Weight(torch.randn(40, 24)), torch.tensor([7, 0, 39])
    inputs = torch.randn(3, 4, 24)
    found = torch.nn.functional.linear(inputs, weight)
    assert found.shape == (3, 4, 40)
    torch.testing.assert_close(found[1, 2], weight.linear(inputs[1, 2][None])[0])
    torch.testing.assert_close(weight.part(rows).linear(inputs), weight.linear(inputs)[..., rows])


@works
def test_broken_numbers_stay_broken():
    inputs = torch.tensor([[1.0, float("nan")], [float("inf"), 1.0], [0.0, 0.0]])
    found = Fp16Weight(torch.ones(3, 2)).linear(inputs)
    assert not found[:2].isfinite().any()
    assert torch.equal(found[2], torch.zeros(3))


@pytest.mark.parametrize("value", [7e4, float("inf"), float("nan")])
def test_what_has_no_number_in_half_precision_stays_as_it_is(value):
    assert fp16_weight(torch.tensor([[1.0, value]])) is None
    layer = torch.nn.ModuleDict({"output": torch.nn.Linear(2, 1)})
    with torch.no_grad():
        layer["output"].weight[0, 0] = value
    assert quantised(layer, fp16_weight)["output"].weight is layer["output"].weight


@works
@pytest.mark.parametrize("options", [pytest.param(o, id=n) for n, o in NETWORKS.items()])
def test_every_network_steps_nearly_as_in_float32(options):
    torch.manual_seed(0)
    network = with_lexicon(
        build_from_keys(source_vocab=11, target_vocab=11, dropout=0.0, **(SIZES | options))
    )
    network.eval()
    twin = quantised(network, fp16_weight)
    source, lengths = torch.randint(4, 11, (3, 5)), torch.tensor([5, 4, 2])
    states = [net.start(source, lengths) for net in (network, twin)]
    for token in (1, 5, 7):
        tokens = torch.full((3,), token)
        exactly, states[0] = network.step(states[0], tokens)
        nearly, states[1] = twin.step(states[1], tokens)
        assert not torch.equal(exactly, nearly)
        torch.testing.assert_close(nearly, exactly, rtol=0, atol=2e-3 * float(exactly.abs().max()))


def test_without_such_products_it_does_not_work(monkeypatch):
    def missing(*arguments):
        raise NotImplementedError("no such engine")

    monkeypatch.setattr(Fp16Weight, "__init__", missing)
    assert not fp16_works(CPU)
    assert not fp16_works(torch.device("cuda"))
