"""The chunked loss against PyTorch's cross-entropy."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latimer.nn import output
from latimer.nn.output import Output, smoothed_cross_entropy


def both(tokens, vocab, size, smoothing, seed, scale=1.0):
    """Loss and gradients of ours and of PyTorch's, in double precision."""
    torch.manual_seed(seed)
    arguments = [
        (scale * torch.randn(*shape, dtype=torch.double)).requires_grad_()
        for shape in [(tokens, size), (vocab, size), (vocab,)]
    ]
    labels = torch.randint(vocab, (tokens,))
    ours = smoothed_cross_entropy(*arguments, labels, smoothing)
    logits = torch.nn.functional.linear(*arguments)
    theirs = torch.nn.functional.cross_entropy(
        logits, labels, label_smoothing=smoothing, reduction="sum"
    )
    nll = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
    return arguments, ours, theirs, nll


@settings(max_examples=30)
@given(
    tokens=st.integers(1, 40),
    vocab=st.integers(2, 30),
    smoothing=st.floats(0, 0.9),
    chunk=st.integers(1, 200),
    seed=st.integers(0, 10**6),
)
def test_equals_pytorch_for_every_chunking(tokens, vocab, smoothing, chunk, seed):
    before = output.CHUNK_LOGITS
    output.CHUNK_LOGITS = chunk
    try:
        arguments, ours, theirs, nll = both(tokens, vocab, 5, smoothing, seed)
        torch.testing.assert_close(ours.loss, theirs)
        torch.testing.assert_close(ours.nll, nll)
        found = torch.autograd.grad(3 * ours.loss, arguments)
        wanted = torch.autograd.grad(3 * theirs, arguments)
        torch.testing.assert_close(found, wanted)
    finally:
        output.CHUNK_LOGITS = before


def test_large_logits_do_not_overflow():
    _, ours, theirs, nll = both(6, 9, 4, 0.1, seed=0, scale=60.0)
    torch.testing.assert_close(ours.loss, theirs)
    torch.testing.assert_close(ours.nll, nll)
    assert torch.isfinite(ours.loss)


def test_without_gradients_only_the_sums_are_computed():
    with torch.no_grad():
        _, ours, theirs, _ = both(6, 9, 4, 0.1, seed=1)
    torch.testing.assert_close(ours.loss, theirs)
    assert not ours.loss.requires_grad


def test_the_loss_is_independent_of_the_order_of_tokens():
    torch.manual_seed(4)
    features, weight, bias = torch.randn(7, 3), torch.randn(5, 3), torch.randn(5)
    labels, order = torch.randint(5, (7,)), torch.randperm(7)
    one = smoothed_cross_entropy(features, weight, bias, labels, 0.1)
    other = smoothed_cross_entropy(features[order], weight, bias, labels[order], 0.1)
    torch.testing.assert_close(one.loss, other.loss)


def test_the_output_layer_is_linear_in_its_weight():
    layer = Output(torch.nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])))
    logits = layer(torch.tensor([1.0, -1.0]))
    assert logits.tolist() == pytest.approx([-1.0, -1.0, -1.0])
