"""The scans against PyTorch's own layers, and their derivatives by hand against autograd's."""

from functools import partial

import equations
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from latimer.nn.cells import CELLS
from latimer.nn.recurrent import RecurrentLayer, active_rows

PEERS = {
    "gru": torch.nn.GRU,
    "lstm": torch.nn.LSTM,
    "rnn": torch.nn.RNN,
    "rnn_relu": partial(torch.nn.RNN, nonlinearity="relu"),
}
"""The cells that PyTorch has as well."""


def pair(cell: str, input_size: int, hidden: int, reverse: bool):
    """Our layer and PyTorch's with the same weights, in double precision."""
    ours = RecurrentLayer(CELLS[cell], input_size, hidden, reverse=reverse).double()
    peer = PEERS[cell](input_size, hidden, bidirectional=reverse).double()
    suffix = "_l0_reverse" if reverse else "_l0"
    with torch.no_grad():
        for name, parameter in ours.weights.named_parameters():
            getattr(peer, name + suffix).copy_(parameter)
    return ours, peer, suffix


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell", PEERS)
def test_outputs_and_gradients_equal_pytorch(cell, reverse):
    torch.manual_seed(1)
    lengths = [6, 4, 4, 1]
    inputs = torch.randn(6, 4, 3, dtype=torch.double, requires_grad=True)
    ours, peer, suffix = pair(cell, 3, 5, reverse)
    states = ours(inputs, active_rows(lengths))[..., :5]
    packed, _ = peer(pack_padded_sequence(inputs, torch.tensor(lengths)))
    expected = pad_packed_sequence(packed)[0][..., 5 if reverse else 0 :][..., :5]
    torch.testing.assert_close(states, expected)

    weights = torch.randn_like(expected)
    parameters = [inputs, *ours.weights.parameters()]
    found = torch.autograd.grad((states * weights).sum(), parameters)
    peers = [inputs] + [getattr(peer, n + suffix) for n, _ in ours.weights.named_parameters()]
    wanted = torch.autograd.grad((expected * weights).sum(), peers)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("cell", PEERS)
def test_a_start_state_is_used_and_receives_a_gradient(cell):
    torch.manual_seed(2)
    layer, peer, _ = pair(cell, 3, 4, False)
    parts = CELLS[cell].parts
    start = torch.randn(2, 4 * parts, dtype=torch.double, requires_grad=True)
    inputs = torch.randn(3, 2, 3, dtype=torch.double)
    states = layer(inputs, [2, 2, 2], start)[..., :4]
    first = tuple(s[None].contiguous() for s in start.split(4, 1))
    expected, _ = peer(inputs, first[0] if parts == 1 else first)
    torch.testing.assert_close(states, expected)
    torch.testing.assert_close(
        torch.autograd.grad(states.square().sum(), start),
        torch.autograd.grad(expected.square().sum(), start),
    )


@pytest.mark.parametrize("cell", sorted(CELLS))
def test_states_equal_the_equations(cell):
    torch.manual_seed(4)
    layer = RecurrentLayer(CELLS[cell], 3, 5).double()
    inputs = torch.randn(6, 1, 3, dtype=torch.double)
    expected = equations.run(cell, layer.weights, CELLS[cell].parts, inputs[:, 0])
    torch.testing.assert_close(layer(inputs, [1] * 6)[:, 0], expected)


def test_a_reversed_layer_takes_no_start_state():
    layer = RecurrentLayer(CELLS["gru"], 2, 3, reverse=True)
    with pytest.raises(ValueError, match="zero state"):
        layer(torch.zeros(1, 1, 2), [1], torch.zeros(1, 3))


@pytest.mark.parametrize("cell", sorted(CELLS))
def test_one_step_equals_the_scan(cell):
    torch.manual_seed(3)
    layer = RecurrentLayer(CELLS[cell], 3, 4)
    inputs = torch.randn(5, 2, 3)
    states = layer(inputs, [2] * 5)
    state = torch.zeros(2, 4 * CELLS[cell].parts)
    with torch.no_grad():
        for t in range(5):
            state = layer.step(inputs[t], state)
            torch.testing.assert_close(state, states[t])


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_active_rows_counts_the_running(lengths):
    lengths = sorted(lengths, reverse=True)
    active = active_rows(lengths)
    assert active == [sum(length > t for length in lengths) for t in range(lengths[0])]


def test_nothing_runs_without_rows():
    assert active_rows([]) == []


@given(st.sampled_from(sorted(CELLS)), st.booleans(), st.integers(0, 2**31))
def test_the_derivative_by_hand_passes_the_numeric_check(cell, reverse, seed):
    torch.manual_seed(seed)
    layer = RecurrentLayer(CELLS[cell], 2, 2, reverse=reverse).double()
    inputs = torch.randn(3, 3, 2, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: layer(x, [3, 2, 1]), inputs, fast_mode=True)
    start = torch.randn(3, 2 * layer.weights.cell.parts, dtype=torch.double, requires_grad=True)
    if not reverse:
        given = (inputs, start)
        assert torch.autograd.gradcheck(lambda x, s: layer(x, [3, 2, 1], s), given, fast_mode=True)
