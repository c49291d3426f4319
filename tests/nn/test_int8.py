"""Products in int8 against the same sums in exact arithmetic, and search that uses them."""

import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latimer.nn.cells import CELLS
from latimer.nn.encoder import Bidirectional
from latimer.nn.inference import int8
from latimer.nn.inference.int8 import Int8Weight, quantise
from latimer.nn.inference.products import PRODUCTS
from networks import NETWORKS, build_from_keys, with_lexicon
from tiny_model import SIZES

CPU = torch.device("cpu")
exact = pytest.mark.skipif(not int8.int8_exact(CPU), reason="int8 sums saturate on this CPU")


@given(
    st.lists(
        st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=3), min_size=1, max_size=5
    )
)
def test_rounding_is_off_by_at_most_half_a_scale(rows):
    values = torch.tensor(rows)
    whole, scales = quantise(values)
    assert whole.dtype == torch.int8
    assert whole.abs().max() <= 127
    error = (whole.double() * scales.double() - values.double()).abs()
    assert (error <= 0.5001 * scales.double() + 1e-30).all()


@pytest.mark.parametrize("rows", [1, 8, 9, 40])
@pytest.mark.parametrize("kind", [torch.int8, torch.uint8])
def test_rounding_is_to_the_nearest_and_of_two_to_the_even(rows, kind):
    torch.manual_seed(0)
    values = torch.randn(rows, 37) * torch.logspace(-20, 20, rows)[:, None]
    halves = torch.arange(-18.5, 18.5)  # of a scale of 1
    values[-1, :37], values[-1, 0] = halves, 127
    whole, scales = quantise(values, kind)
    assert whole.dtype == kind
    assert torch.equal(scales, values.abs().amax(1, keepdim=True) / 127)
    wanted = torch.round(values / scales) + int8.NOUGHTS[kind]
    assert torch.equal(whole.float(), wanted)
    assert wanted[-1, 1:4].tolist() == [k + int8.NOUGHTS[kind] for k in (-18, -16, -16)]


@exact
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("width", [24, 512, 1100])
def test_a_product_is_that_of_the_rounded_numbers(bias, width):
    torch.manual_seed(0)
    weight = torch.randn(40, width)
    inputs = torch.randn(2, 7, width) * torch.logspace(-1, 1, 7)[:, None]
    added = torch.randn(40) if bias else None
    stored, wanted = Int8Weight(weight), torch.zeros(14, 40, dtype=torch.double)
    rows, columns = inputs.flatten(0, 1), stored.dequantised().double()
    for start in range(0, width, 512):
        block = slice(start, start + 512)
        whole, scales = quantise(rows[:, block])
        wanted += (whole.double() * scales.double()) @ columns[:, block].t()
    found = torch.nn.functional.linear(inputs, stored, added)
    wanted = wanted.view(2, 7, 40) + (0 if added is None else added.double())
    torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-4)
    near = torch.nn.functional.linear(inputs, weight, added)
    assert (found - near).norm() / near.norm() < 0.02


@exact
@settings(max_examples=20)
@given(st.integers(1, 40), st.integers(0, 2**31))
def test_a_row_does_not_depend_on_its_neighbours(rows, seed):
    generator = torch.Generator().manual_seed(seed)
    weight = Int8Weight(torch.randn(16, 32, generator=generator))
    inputs = torch.randn(rows, 32, generator=generator)
    together = weight.linear(inputs)
    for row in range(rows):
        assert torch.equal(weight.linear(inputs[row : row + 1])[0], together[row])


@exact
def test_broken_numbers_stay_broken():
    inputs = torch.tensor([[1.0, float("nan")], [float("inf"), 0.0], [0.0, 0.0]])
    found = Int8Weight(torch.ones(3, 2)).linear(inputs)
    assert not found[:2].isfinite().any()
    assert torch.equal(found[2], torch.zeros(3))


@exact
def test_a_part_is_the_same_rows():
    torch.manual_seed(0)
    weight, rows, inputs = (
        Int8Weight(torch.randn(40, 700)),
        torch.tensor([7, 0, 39]),
        torch.randn(2, 700),
    )
    torch.testing.assert_close(weight.part(rows).linear(inputs), weight.linear(inputs)[:, rows])


def test_other_functions_see_the_float_weight():
    torch.manual_seed(0)
    weight = torch.randn(5, 4)
    stored = Int8Weight(weight)
    assert (stored.shape, stored.dtype, len(stored)) == (weight.shape, weight.dtype, 5)
    assert torch.equal(torch.matmul(torch.eye(4), stored.t()), stored.dequantised().t())
    assert torch.equal(torch.cat([stored, stored])[5:], stored.dequantised())


@exact
@pytest.mark.parametrize("options", [pytest.param(o, id=n) for n, o in NETWORKS.items()])
def test_every_network_steps_nearly_as_in_float32(options):
    torch.manual_seed(0)
    network = with_lexicon(
        build_from_keys(source_vocab=11, target_vocab=11, dropout=0.0, **(SIZES | options))
    )
    before = {name: p.clone() for name, p in network.named_parameters()}
    network.eval()
    twin = PRODUCTS["int8"](network)
    source, lengths = torch.randint(4, 11, (3, 5)), torch.tensor([5, 4, 2])
    states = [net.start(source, lengths) for net in (network, twin)]
    for token in (1, 5, 7):
        tokens = torch.full((3,), token)
        exactly, states[0] = network.step(states[0], tokens)
        nearly, states[1] = twin.step(states[1], tokens)
        assert not torch.equal(exactly, nearly)
        torch.testing.assert_close(nearly, exactly, rtol=0, atol=0.05 * float(exactly.abs().max()))
    assert all(torch.equal(before[name], p) for name, p in network.named_parameters())
    layers = getattr(twin.encoder, "layers", ())
    for layer in (one for one in layers if hasattr(one, "ahead")):  # a perceptron's do not recur
        assert isinstance(layer.ahead.weights.weight_hh, Int8Weight)
    own = {p.data_ptr() for p in network.parameters()}
    assert {p.data_ptr() for p in twin.parameters()} <= own


@exact
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_rounded_layer_reads_as_one_with_the_weights_it_stands_for(cell):
    torch.manual_seed(0)
    layer = Bidirectional(CELLS[cell], 24, 16)
    inputs, active = torch.randn(6, 3, 24), [3, 3, 2, 2, 1, 1]
    wanted, _ = layer(inputs, active)
    for direction in (layer.ahead, layer.back):
        for name in ("weight_ih", "weight_hh"):
            weight = Int8Weight(getattr(direction.weights, name).detach())
            delattr(direction.weights, name)
            setattr(direction.weights, name, weight)
    with torch.no_grad():
        found, _ = layer(inputs, active)
    assert not torch.equal(found, wanted)
    torch.testing.assert_close(found, wanted, rtol=0, atol=0.02)
    for t, rows in enumerate(active):
        assert torch.equal(found[t, rows:], torch.zeros(3 - rows, 32))


def saturated(values, scales):
    def of(rows):
        return (rows.float() @ values.float().t()).clamp(-(2**15), 2**15 - 1) * scales

    return int8.Product(torch.int8, of)


def exactly(values, scales):
    def of(rows):
        return (rows.double() @ values.double().t()).float() * scales

    return int8.Product(torch.int8, of)


def absent(values, scales):
    raise AttributeError("qlinear_prepack")


@pytest.fixture
def untried():
    """As in a process that has not tried its products yet, before and after."""
    int8._exact_way.cache_clear()
    yield
    int8._exact_way.cache_clear()


def test_saturating_sums_are_noticed(monkeypatch, untried):
    monkeypatch.setattr(int8, "_packed", saturated)
    monkeypatch.setattr(int8, "_plain", saturated)
    assert not int8.int8_exact(CPU)


@pytest.mark.parametrize("packed", [saturated, absent])
def test_the_plain_product_serves_where_the_packed_one_does_not(monkeypatch, untried, packed):
    monkeypatch.setattr(int8, "_packed", packed)
    monkeypatch.setattr(int8, "_plain", exactly)
    assert int8.int8_exact(CPU)
    found = Int8Weight(torch.full((3, 4), 2.0)).linear(torch.ones(2, 4))
    torch.testing.assert_close(found, torch.full((2, 3), 8.0))


def slowly(values, scales):
    def of(rows):
        begun = time.thread_time()
        while time.thread_time() - begun < 2 * int8.SLOW:
            pass
        return exactly(values, scales).of(rows)

    return int8.Product(torch.int8, of)


def product(values, scales, whole):
    """What search's own product makes of `whole [rows, inputs]` in int8."""
    block = int8._Block(values, scales)
    return block.product((whole.short() + int8.NOUGHTS[block.kind]).to(block.kind))


def test_an_exact_product_that_is_far_too_slow_is_the_last_resort(monkeypatch, untried):
    monkeypatch.setattr(int8, "_packed", slowly)
    monkeypatch.setattr(int8, "_plain", exactly)
    assert int8._exact_way() is exactly
    int8._exact_way.cache_clear()
    monkeypatch.setattr(int8, "_plain", saturated)
    assert int8._exact_way() is slowly


@exact
@pytest.mark.parametrize("rows", [2, 8, 64])
@pytest.mark.parametrize("largest", [False, True])
def test_the_way_of_this_processor_is_as_the_sums_say_at_every_shape_of_a_small(rows, largest):
    torch.manual_seed(0)
    for outputs, width in ((1792, 512), (256, 512), (768, 256), (5000, 256)):
        values, scales = quantise(torch.randn(outputs, width))
        whole = torch.randint(-127, 128, (rows, width), dtype=torch.int8)
        if largest:
            values, whole = values.sign() * 127, torch.full_like(whole, -127)
        wanted = (whole.double() @ values.double().t()).float() * scales.squeeze(1)
        assert torch.equal(product(values, scales, whole), wanted)


@exact
@pytest.mark.parametrize("rows", [1, 3, 64])
@pytest.mark.parametrize("width", [1, 7, 24, 512])
def test_sums_are_exact(rows, width):
    torch.manual_seed(0)
    values, scales = quantise(torch.randn(37, width))
    whole = torch.randint(-127, 128, (rows, width), dtype=torch.int8)
    wanted = (whole.long() @ values.long().t()).float() * scales.squeeze(1)
    assert torch.equal(product(values, scales, whole), wanted)


def test_products_have_few_numbers_of_rows():
    counts = {len(int8._lengthened(torch.ones(rows, 3, dtype=torch.int8))) for rows in range(2000)}
    assert len(counts) < 80
    assert 1 not in counts
    for rows in range(1, 2000):
        longer = int8._lengthened(torch.ones(rows, 3, dtype=torch.int8))
        assert len(longer) <= max(16, 9 * rows / 8 + 15)
        assert int(longer.sum()) == 3 * rows


@exact
def test_a_product_sees_no_single_row_and_few_numbers_of_them(monkeypatch):
    block, seen = int8._Block(*quantise(torch.randn(5, 24))), []
    of = block._product
    monkeypatch.setattr(block, "_product", lambda rows: seen.append(len(rows)) or of(rows))
    for count in (0, 1, 2, 7, 8, 9, 17):
        assert len(block.product(torch.ones(count, 24, dtype=block.kind))) == count
    assert seen == [2, 2, 7, 8, 16, 32]


def test_no_rows_are_no_rows():
    assert Int8Weight(torch.randn(5, 4)).linear(torch.zeros(0, 4)).shape == (0, 5)
