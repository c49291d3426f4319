"""The chunked loss against PyTorch's cross-entropy."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latimer.nn import output
from latimer.nn.lexical import FLOOR, TokenPrior
from latimer.nn.output import Features, Output, smoothed_cross_entropy

OWNERS = 3
"""Sentences that the tokens belong to."""


def random_prior(tokens, vocab, most):
    """A prior that names up to `most` pieces of each sentence; EOS, 0, stands behind the last."""
    pieces = torch.stack([torch.randperm(vocab - 1)[:most] + 1 for _ in range(OWNERS)])
    lacking = torch.arange(most) >= torch.randint(0, most + 1, (OWNERS, 1))
    sentences = torch.randint(OWNERS, (tokens,))
    chances = torch.rand(tokens, most, dtype=torch.double).masked_fill(lacking[sentences], 0.0)
    return TokenPrior(chances.requires_grad_(), sentences, pieces.masked_fill(lacking, 0)), lacking


def plainly_added(logits, prior, lacking):
    """Log(p + ε) less log ε in every column, from a table of all pieces."""
    rows = []
    for chances, sentence in zip(prior.probabilities, prior.sentences.tolist(), strict=True):
        dense = torch.zeros(logits.shape[1], dtype=torch.double)
        named = ~lacking[sentence]
        rows.append(dense.index_add(0, prior.pieces[sentence][named], chances[named]))
    return logits + torch.log(torch.stack(rows) + FLOOR) - math.log(FLOOR)


def both(tokens, vocab, size, smoothing, seed, scale=1.0, most=0):
    """Loss and gradients of ours and of PyTorch's, in double precision."""
    torch.manual_seed(seed)
    values = (scale * torch.randn(tokens, size, dtype=torch.double)).requires_grad_()
    layer = Output(torch.nn.Parameter(scale * torch.randn(vocab, size))).double()
    torch.nn.init.normal_(layer.bias, std=scale)
    labels = torch.randint(vocab, (tokens,))
    logits, prior, arguments = layer(values), None, [values, layer.weight, layer.bias]
    if most:
        prior, lacking = random_prior(tokens, vocab, min(most, vocab - 1))
        logits = plainly_added(logits, prior, lacking)
        arguments.append(prior.probabilities)
    ours = smoothed_cross_entropy(Features(values, prior), layer, labels, smoothing)
    theirs = torch.nn.functional.cross_entropy(
        logits, labels, label_smoothing=smoothing, reduction="sum"
    )
    nll = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
    return arguments, ours, theirs, nll


@settings(max_examples=40)
@given(
    tokens=st.integers(1, 40),
    vocab=st.integers(2, 30),
    smoothing=st.floats(0, 0.9),
    chunk=st.integers(1, 200),
    most=st.integers(0, 6),
    seed=st.integers(0, 10**6),
)
def test_equals_pytorch_for_every_chunking(tokens, vocab, smoothing, chunk, most, seed):
    before = output.CHUNK_LOGITS
    output.CHUNK_LOGITS = chunk
    try:
        arguments, ours, theirs, nll = both(tokens, vocab, 5, smoothing, seed, most=most)
        torch.testing.assert_close(ours.loss, theirs)
        torch.testing.assert_close(ours.nll, nll)
        found = torch.autograd.grad(3 * ours.loss, arguments)
        wanted = torch.autograd.grad(3 * theirs, arguments)
        if most:  # a piece that is none has a gradient that nobody reads
            named = arguments[-1] > 0
            found, wanted = ((*g[:-1], g[-1] * named) for g in (found, wanted))
        torch.testing.assert_close(found, wanted)
    finally:
        output.CHUNK_LOGITS = before


@pytest.mark.parametrize("most", [0, 3])
def test_large_logits_do_not_overflow(most):
    _, ours, theirs, nll = both(6, 9, 4, 0.1, seed=0, scale=60.0, most=most)
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
    features, layer = Features(torch.randn(7, 3)), Output(torch.nn.Parameter(torch.randn(5, 3)))
    labels, order = torch.randint(5, (7,)), torch.randperm(7)
    one = smoothed_cross_entropy(features, layer, labels, 0.1)
    other = smoothed_cross_entropy(features.part(order), layer, labels[order], 0.1)
    torch.testing.assert_close(one.loss, other.loss)


def test_the_output_layer_is_linear_in_its_weight():
    layer = Output(torch.nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])))
    logits = layer(torch.tensor([1.0, -1.0]))
    assert logits.tolist() == pytest.approx([-1.0, -1.0, -1.0])
