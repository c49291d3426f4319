"""The perceptron: how long its texts may be, what it does not read, and what it is made of.

Its equations and its two ways of decoding are compared in `test_networks.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError

from latimer.errors import InputError
from latimer.nn.description import NetworkDescription
from latimer.nn.seq2seq import Seq2Seq
from latimer.text.vocabulary.subwords import BOS, PAD
from networks import build_from_keys

SLOTS = 6
KEYS: dict[str, Any] = {
    "kind": "perceptron", "attention": "none", "slots": SLOTS, "hidden": 10, "embedding": 8,
    "readout": 8, "dropout": 0.0,
}  # fmt: skip


def network(**changes: Any) -> Seq2Seq:
    torch.manual_seed(1)
    return build_from_keys(source_vocab=13, target_vocab=13, **KEYS, **changes).double().eval()


def sources(time: int) -> torch.Tensor:
    torch.manual_seed(2)
    return torch.randint(4, 13, (3, time))


def logits(net: Seq2Seq, source: torch.Tensor, lengths: list[int], time: int) -> torch.Tensor:
    inputs = torch.full((len(source), time), BOS)
    return net.decode(net.encode(source, torch.tensor(lengths)), inputs)


def test_what_follows_the_end_changes_nothing() -> None:
    net, lengths = network(), [2, 6, 4]
    source = sources(SLOTS)
    wanted = logits(net, source, lengths, SLOTS)
    for behind in (PAD, 7):
        beyond = torch.arange(SLOTS + 3) >= torch.tensor(lengths)[:, None]
        wider = torch.cat([source, source[:, :3]], 1).masked_fill(beyond, behind)
        torch.testing.assert_close(logits(net, wider, lengths, SLOTS), wanted)
    alone = logits(net, source[:1, :2], [2], SLOTS)
    torch.testing.assert_close(alone, wanted[:1])


def test_every_slot_reads_every_source_token_and_none_of_the_translation() -> None:
    net = network()
    source, lengths = sources(SLOTS), [SLOTS] * 3
    before = logits(net, source, lengths, SLOTS)
    for place in range(SLOTS):
        other = source.clone()
        other[:, place] = (other[:, place] - 3) % 9 + 4
        assert ((logits(net, other, lengths, SLOTS) - before).abs().amax(2) > 1e-6).all()
    memory = net.encode(source, torch.tensor(lengths))
    torch.testing.assert_close(net.decode(memory, sources(SLOTS)), before)


def test_as_many_tokens_as_slots_fit_and_one_more_does_not() -> None:
    net = network()
    fitting = torch.tensor([SLOTS] * 3)
    assert logits(net, sources(SLOTS), fitting.tolist(), SLOTS).shape == (3, SLOTS, 13)
    with pytest.raises(InputError, match=r"source of 7 tokens, the end counted.* 6 slots"):
        net.encode(sources(SLOTS + 1), fitting + 1)
    with pytest.raises(InputError, match=r"translation of 7 tokens.*max_length to 6 at most"):
        logits(net, sources(SLOTS), fitting.tolist(), SLOTS + 1)
    state = net.start(sources(SLOTS), fitting)
    for _ in range(SLOTS):
        _, state = net.step(state, torch.full((3,), BOS))
    with pytest.raises(InputError, match="translation of 7 tokens"):
        net.step(state, torch.full((3,), BOS))


def test_only_the_rows_of_a_batch_that_need_a_slot_are_read() -> None:
    net = network()
    memory = net.encode(sources(SLOTS), torch.tensor([6, 4, 5]))
    inputs, lengths = torch.full((3, 5), BOS), torch.tensor([5, 2, 1])
    found = net.output.logits(net.features(memory, inputs, lengths))
    every = net.decode(memory, inputs)
    rows = [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (0, 2), (0, 3), (0, 4)]
    torch.testing.assert_close(found, torch.stack([every[row, slot] for row, slot in rows]))


@pytest.mark.parametrize("layers", [1, 2])
def test_weights_are_those_counted_by_hand(layers: int) -> None:
    shared = network(hidden_layers=layers)
    own = network(hidden_layers=layers, tied="target")
    hidden = (SLOTS * 8 + 1) * 10 + (layers - 1) * (10 + 1) * 10
    counted = 13 * 8 + hidden + SLOTS * (10 + 1) * 8 + 13
    assert sum(p.numel() for p in shared.parameters()) == counted
    assert sum(p.numel() for p in own.parameters()) == counted + 13 * 8


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"attention": "bahdanau"}, "attention: 'bahdanau' does not go with model.kind 'percept"),
        ({"cell": "lstm"}, "cell: 'lstm' does not go .*neither recurrent.*; set model.cell to gru"),
        ({"decoder_layers": 2}, "decoder_layers: 2 does not go .*; set model.decoder_layers to 1"),
        ({"reverse_source": True}, "reverse_source: true .*; set model.reverse_source to false"),
        ({"lexical_prior": 20}, "lexical_prior: 20 does not go with model.kind 'perceptron'"),
        ({"tied": "none"}, "tied: 'none' does not go with model.kind 'perceptron'.*all or target"),
        ({"readout": 9}, r"tied: 'all' needs model.readout \(9\) to equal"),
        ({"slots": 1}, "greater than or equal to 2"),
        ({"hidden_layers": 3}, "less than or equal to 2"),
    ],
)
def test_keys_that_a_perceptron_has_not_are_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        NetworkDescription.model_validate({**KEYS, **keys})


@pytest.mark.parametrize("kind", ["translator", "language_model"])
def test_its_keys_are_refused_of_other_networks(kind: str) -> None:
    with pytest.raises(ValidationError, match=f"slots: 9 is for model.kind perceptron, not {kind}"):
        NetworkDescription.model_validate({"kind": kind, "attention": "none", "slots": 9})


def test_limits_are_lowered_to_what_it_can_write() -> None:
    described = NetworkDescription.model_validate(KEYS)
    assert [described.at_most(limit) for limit in (None, 4, 100)] == [SLOTS, 4, SLOTS]
    recurrent = NetworkDescription()
    assert [recurrent.at_most(limit) for limit in (None, 4)] == [None, 4]
