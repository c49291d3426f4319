"""Threads that share a batch: same gradients as one thread, and the same at every repetition."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latimer.text.batching import Batch
from latimer.train.loop.workers import Workers, split, trained_parameters
from latimer.train.objectives.likelihood import Likelihood
from networks import build_from_keys


def objective(dropout: float = 0.0) -> Likelihood:
    torch.manual_seed(0)
    network = build_from_keys(
        source_vocab=12,
        target_vocab=12,
        embedding=6,
        encoder_size=5,
        decoder_size=7,
        attention_size=4,
        readout=6,
        dropout=dropout,
    )
    return Likelihood(network, 0.1)


def batch(target_lengths, seed: int = 0) -> Batch:
    torch.manual_seed(seed)
    lengths = torch.tensor(sorted(target_lengths, reverse=True))
    rows = len(lengths)
    sources = torch.randint(1, 7, (rows,))
    target = torch.randint(4, 12, (rows, int(lengths[0]) + 1))
    target[torch.arange(target.shape[1]) > lengths[:, None]] = 0
    source = torch.randint(4, 12, (rows, int(sources.max())))
    return Batch(source, sources, target, lengths)


def gradients(threads: int, data: Batch, dropout: float = 0.0, update: int = 1, **settings):
    workers, trained = Workers(threads, **settings), objective(dropout)
    share = workers.backward(trained, data, update)
    workers.close()
    flat = torch.cat([p.grad.flatten() for p in trained_parameters(trained)])
    return share, flat


@settings(max_examples=15)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=9), st.integers(2, 4))
def test_threads_find_the_gradient_of_the_whole_batch(lengths, threads):
    data = batch(lengths)
    alone, expected = gradients(1, data)
    shared, found = gradients(threads, data)
    assert alone.weight == shared.weight == sum(lengths)
    torch.testing.assert_close(shared.loss, alone.loss)
    torch.testing.assert_close(shared.figures, alone.figures)
    torch.testing.assert_close(found, expected)


def test_the_gradient_is_that_of_the_sum():
    data, trained = batch([5, 3, 3]), objective()
    Workers().backward(trained, data, 1)
    loss = trained.loss(data)
    expected = torch.autograd.grad(loss.value, trained_parameters(trained))
    for parameter, gradient in zip(trained_parameters(trained), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient * 11)


def test_dropout_depends_on_seed_update_and_worker_and_nothing_else():
    data = batch([6, 6, 5, 4, 2])
    first = gradients(2, data, 0.5)[1]
    torch.rand(17)
    assert torch.equal(first, gradients(2, data, 0.5)[1])
    for change in ({"seed": 1}, {"update": 2}, {"first": 2}):
        assert not torch.equal(first, gradients(2, data, 0.5, **change)[1])


def test_every_thread_drops_other_units():
    row = batch([5])
    both = Batch(*(torch.cat([part, part]) for part in vars(row).values()))
    one, other = (gradients(1, row, 0.5, first=worker)[1] for worker in (0, 1))
    assert not torch.equal(one, other)
    torch.testing.assert_close(gradients(2, both, 0.5)[1], one + other)


@given(st.integers(1, 12), st.integers(1, 5))
def test_splitting_deals_every_row_once_and_keeps_the_order(rows, shares):
    lengths = list(range(rows, 0, -1))
    parts = split(batch(lengths), shares)
    assert sorted(torch.cat([p.target_lengths for p in parts]).tolist(), reverse=True) == lengths
    for part in parts:
        assert part.target_lengths.tolist() == sorted(part.target_lengths.tolist(), reverse=True)
    assert max(map(len, (p.source for p in parts))) - min(map(len, (p.source for p in parts))) <= 1


def test_bf16_reaches_every_thread():
    data = batch([6, 6, 5, 4, 2])
    exact = gradients(2, data)[1]
    rough = gradients(2, data, precision="bf16")[1]
    assert not torch.equal(exact, rough)
    assert torch.nn.functional.cosine_similarity(exact, rough, 0) > 0.98
