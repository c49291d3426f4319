"""The folded decoder against the network it was made of."""

import pytest
import torch
from searches import beam_search

from latimer.nn.inference.folded import FoldedDecoder, fold
from latimer.text.batching import pad_sources
from networks import NETWORKS, build_from_keys, with_lexicon
from tiny_model import SIZES

FOLDED = {
    "gru": {"cell": "gru"},
    "lstm": {"cell": "lstm", "tied": "none"},
    "rnn": {"cell": "rnn", "encoder_layers": 2},
}


def network(scale=2.0, vocab=30, **options):
    torch.manual_seed(1)
    made = with_lexicon(
        build_from_keys(source_vocab=vocab, target_vocab=vocab, **(SIZES | options))
    ).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(scale)
    return made


def steps(net, select=(1, 0, 2, 2)):
    """Scores, attention and states of three steps, two rows a sentence after the first."""
    source, lengths = pad_sources([[5, 6, 7, 8, 9], [4, 12]])
    state, found = net.start(source, lengths), []
    scores, state = net.step(state, torch.tensor([2, 2]))
    found += [scores, state.attention, *state.layers]
    state = state.select(torch.tensor([0, 0, 1, 1]))
    for tokens in ([3, 7, 11, 4], [9, 9, 5, 6]):
        scores, state = net.step(state, torch.tensor(tokens))
        found += [scores, state.attention, *state.layers]
    return found


@pytest.mark.parametrize("options", FOLDED.values(), ids=FOLDED)
@pytest.mark.parametrize("table", [True, False])
def test_every_step_is_the_networks(options, table, monkeypatch):
    if not table:
        monkeypatch.setattr("latimer.nn.inference.folded.LARGEST_TABLE", 0)
    original = network(**options)
    folded = fold(original)
    assert isinstance(folded.decoder, FoldedDecoder)
    for wanted, found in zip(steps(original), steps(folded), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_few_tokens_need_no_table_and_modes_stay():
    original = network().train()
    few, many = fold(original, 1), fold(original, 1000)
    assert isinstance(few.decoder.token, torch.nn.Sequential)
    assert isinstance(many.decoder.token, torch.nn.Embedding)
    assert all(module.training for module in original.modules())


def test_steep_attention_is_the_networks():
    original = network()
    with torch.no_grad():  # tanh is 1 or -1 to all its digits almost everywhere
        original.decoder.attention.key.weight.mul_(40)
    keys = original.encode(*pad_sources([[5, 6, 7]])).keys
    assert keys.abs().max() > 43
    for wanted, found in zip(steps(original), steps(fold(original)), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("options", [pytest.param(o, id=n) for n, o in NETWORKS.items()])
def test_search_finds_the_same(options):
    original = network(scale=1.5, **options)
    source, lengths = pad_sources([[5, 6, 7, 8, 9], [4, 12], [8]])
    wanted, found = (
        beam_search(net, source, lengths, max_length=8, beam=4, nbest=2)
        for net in (original, fold(original))
    )
    assert [[h.tokens for h in some] for some in found] == [
        [h.tokens for h in some] for some in wanted
    ]


def test_nothing_else_is_folded():
    for name in ("dot", "coverage", "normalised", "cho", "bahdanau, deep"):
        other = network(**NETWORKS[name])
        assert fold(other) is other
    unbounded = network(cell="rnn_relu")
    assert fold(unbounded) is unbounded
