import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from latimer.text.batching import Batch
from latimer.text.vocabulary.subwords import PAD
from latimer.train.objectives.likelihood import Likelihood
from networks import build_from_keys

VOCAB = 9


def network():
    torch.manual_seed(0)
    return build_from_keys(
        source_vocab=VOCAB, target_vocab=VOCAB, embedding=6, encoder_size=5, decoder_size=7,
        attention_size=4, readout=6, dropout=0.0,
    )  # fmt: skip


def batch(padding: int = 0) -> Batch:
    source = torch.tensor([[5, 6, 7, 3], [4, 3, PAD, PAD]])
    target = torch.tensor([[2, 8, 7, 6, 3], [2, 5, 3, PAD, PAD]])
    wider = (0, padding)
    return Batch(
        torch.nn.functional.pad(source, wider),
        torch.tensor([4, 2]),
        torch.nn.functional.pad(target, wider),
        torch.tensor([4, 2]),
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_torchs_cross_entropy_of_the_real_labels(smoothing):
    model, data = network(), batch()
    loss = Likelihood(model, smoothing).loss(data)
    logits = model.decode(model.encode(data.source, data.source_lengths), data.inputs)
    flat, labels = logits.flatten(0, 1), data.labels.flatten()
    expected = cross_entropy(flat, labels, ignore_index=PAD, label_smoothing=smoothing)
    torch.testing.assert_close(loss.value, expected)
    torch.testing.assert_close(
        loss.figures["nll"], cross_entropy(flat, labels, ignore_index=PAD).detach()
    )
    assert loss.weight == 6
    assert not loss.figures["nll"].requires_grad


def test_padding_changes_neither_loss_nor_gradients():
    model = network()
    found = []
    for padding in (0, 3):
        model.zero_grad()
        loss = Likelihood(model, 0.1).loss(batch(padding))
        loss.value.backward()
        found.append([loss.value.detach(), *(p.grad.clone() for p in model.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_an_untrained_network_is_about_as_good_as_guessing():
    loss = Likelihood(network(), 0.0).loss(batch())
    assert float(loss.value.detach()) == pytest.approx(math.log(VOCAB), abs=0.7)
