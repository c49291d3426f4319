"""The encoder–decoder against its equations written out, and its two ways of decoding."""

from dataclasses import replace

import pytest
import torch
from equations import cell_step
from hypothesis import given, settings
from hypothesis import strategies as st

from latimer.nn.cells import CELLS
from latimer.nn.output import smoothed_cross_entropy
from latimer.nn.seq2seq import pack
from networks import build_from_keys

LENGTHS = torch.tensor([3, 5, 1, 4])
TARGET_LENGTHS = torch.tensor([6, 4, 4, 1])


def network(cell="gru", layers=1, seed=0, **changes):
    torch.manual_seed(seed)
    sizes = {
        "source_vocab": 11,
        "target_vocab": 11,
        "cell": cell,
        "embedding": 6,
        "encoder_size": 5,
        "encoder_layers": layers,
        "decoder_size": 7,
        "decoder_layers": layers,
        "attention_size": 4,
        "readout": 6,
        "dropout": 0.0,
    }
    return build_from_keys(**(sizes | changes)).double()


def sentences(seed=0):
    torch.manual_seed(seed)
    return torch.randint(4, 11, (4, 5)), torch.randint(4, 11, (4, 6))


def plain_logits(net, name, source, length, targets):
    """Logits `[time, vocab]` of one sentence: Bahdanau et al. 2015, one position at a time."""
    hidden = net.encoder.embedding(source[:length])
    for layer in net.encoder.layers:
        size, outputs = layer.hidden_size, []
        for direction, order in ((layer.ahead, 1), (layer.back, -1)):
            state = hidden.new_zeros(1, CELLS[name].parts * size)
            found = []
            for x in hidden.flip(0) if order < 0 else hidden:
                state = cell_step(name, direction.weights, x[None], state)
                found.append(state[0, :size])
            outputs.append(torch.stack(found).flip(0) if order < 0 else torch.stack(found))
        hidden = torch.cat(outputs, 1)
    decoder, attention, size = net.decoder, net.attention, net.decoder.size
    summary = torch.cat([hidden[-1, : hidden.shape[1] // 2], hidden[0, hidden.shape[1] // 2 :]])
    states = [torch.tanh(bridge(summary))[None] for bridge in decoder.bridges]
    weights = decoder.first.weights
    logits = []
    for token in targets:
        embedded = decoder.embedding(token)
        query = attention.query_weight @ states[0][0, :size]
        energies = torch.tanh(attention.key(hidden) + query) @ attention.score_weight
        context = energies.softmax(0) @ hidden
        gates = torch.cat([weights.weight_ih, decoder.first.context_weight], 1)
        whole = replace_input(weights, gates)
        states[0] = cell_step(name, whole, torch.cat([embedded, context])[None], states[0])
        for k, layer in enumerate(decoder.upper, 1):
            below = torch.cat([states[k - 1][0, :size], context])[None]
            states[k] = cell_step(name, layer.weights, below, states[k])
        read = torch.cat([states[-1][0, :size], context, embedded])
        logits.append(net.output(torch.tanh(decoder.readout(read))))
    return torch.stack(logits)


class replace_input:
    """Cell weights whose input weight also reads the context."""

    def __init__(self, weights, weight_ih):
        self.hidden_size, self.weight_ih = weights.hidden_size, weight_ih
        self.weight_hh, self.bias_ih, self.bias_hh = (
            weights.weight_hh,
            weights.bias_ih,
            weights.bias_hh,
        )


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("cell", sorted(CELLS))
def test_values_and_gradients_equal_the_equations(cell, layers):
    net = network(cell, layers)
    source, targets = sentences()
    labels = torch.randint(11, (4, 6))
    features = net.features(net.encode(source, LENGTHS), targets, TARGET_LENGTHS)
    ours = smoothed_cross_entropy(features, net.output, pack(labels, TARGET_LENGTHS), 0.1).loss
    plain = torch.zeros((), dtype=torch.double)
    for row in range(4):
        length = int(TARGET_LENGTHS[row])
        logits = plain_logits(net, cell, source[row], LENGTHS[row], targets[row, :length])
        plain = plain + torch.nn.functional.cross_entropy(
            logits, labels[row, :length], label_smoothing=0.1, reduction="sum"
        )
    torch.testing.assert_close(ours, plain)
    parameters = list(net.parameters())
    found = torch.autograd.grad(ours, parameters)
    for gradient, wanted in zip(found, torch.autograd.grad(plain, parameters), strict=True):
        torch.testing.assert_close(gradient, wanted)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", sorted(CELLS))
def test_step_by_step_equals_teacher_forcing(cell, layers):
    net = network(cell, layers).eval()
    source, targets = sentences()
    memory = net.encode(source, LENGTHS)
    forced, weights = net.decode(memory, targets), net.attend(memory, targets)
    state = net.start(source, LENGTHS)
    for t in range(targets.shape[1]):
        logits, state = net.step(state, targets[:, t])
        torch.testing.assert_close(logits, forced[:, t])
        torch.testing.assert_close(state.attention, weights[:, t])


def test_several_rows_a_sentence_and_selection_agree_with_single_rows():
    net = network().eval()
    source, targets = sentences()
    start = net.start(source, LENGTHS)
    wide = start.select(torch.arange(4).repeat_interleave(3))
    tokens = torch.randint(4, 11, (4, 3))
    logits, wide = net.step(wide, tokens.flatten())
    for k in range(3):
        single, _ = net.step(start, tokens[:, k])
        torch.testing.assert_close(logits.view(4, 3, -1)[:, k], single)
    # Sentences 0 and 2 end; the others' rows are reordered.
    rows = torch.tensor([5, 3, 3, 11, 9, 10])
    left = wide.select(rows, torch.tensor([1, 3]))
    assert left.rows == 6
    logits, _ = net.step(left, targets[:, 0].repeat(2)[:6])
    for place, row in enumerate(rows.tolist()):
        sentence, k = divmod(row, 3)
        _, state = net.step(start, tokens[:, k])
        single, _ = net.step(state, targets[:, 0].repeat(2)[place].expand(4))
        torch.testing.assert_close(logits[place], single[sentence])


@settings(max_examples=25)
@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    padding=st.integers(0, 4),
    seed=st.integers(0, 1000),
)
def test_neither_batch_nor_padding_changes_a_sentence(lengths, padding, seed):
    net = network(sorted(CELLS)[seed % 4], 2).eval()
    torch.manual_seed(seed)
    source = torch.randint(0, 11, (len(lengths), max(lengths) + padding))
    targets = torch.randint(4, 11, (len(lengths), 3))
    together = net.decode(net.encode(source, torch.tensor(lengths)), targets)
    for row, length in enumerate(lengths):
        alone = net.encode(source[row : row + 1, :length], torch.tensor([length]))
        torch.testing.assert_close(net.decode(alone, targets[row : row + 1])[0], together[row])


def test_packed_features_are_the_padded_ones_without_padding():
    net = network().eval()
    source, targets = sentences()
    memory = net.encode(source, LENGTHS)
    packed = net.features(memory, targets, TARGET_LENGTHS).values
    every = net.features(memory, targets, torch.full_like(TARGET_LENGTHS, targets.shape[1])).values
    padded = every.unflatten(0, targets.t().shape).transpose(0, 1)
    torch.testing.assert_close(packed, pack(padded, TARGET_LENGTHS))


def test_packing_orders_by_time_then_row():
    padded = torch.tensor([[1, 2, 3], [4, 5, 0], [6, 0, 0]])
    assert pack(padded, torch.tensor([3, 2, 1])).tolist() == [1, 4, 6, 2, 5, 3]


def test_rising_target_lengths_are_refused():
    net = network()
    source, targets = sentences()
    with pytest.raises(ValueError, match="longest first"):
        net.features(net.encode(source, LENGTHS), targets, torch.tensor([1, 2, 3, 4]))


@pytest.mark.parametrize(
    ("tied", "shared"),
    [("all", 3), ("inputs", 2), ("target", 2), ("none", 1)],
)
def test_tying_shares_weights(tied, shared):
    net = network(tied=tied)
    weights = [net.encoder.embedding.weight, net.decoder.embedding.weight, net.output.weight]
    assert max(sum(one is other for other in weights) for one in weights) == shared


@pytest.mark.parametrize(
    "changes",
    [
        {"tied": "some"},
        {"tied": "all", "source_vocab": 7},
        {"tied": "inputs", "source_vocab": 7},
        {"tied": "target", "readout": 5},
    ],
)
def test_impossible_ties_are_refused(changes):
    with pytest.raises(ValueError, match="tied"):
        network(**changes)


@pytest.mark.parametrize("cell", sorted(CELLS))
def test_bfloat16_products_stay_close_to_float32(cell):
    net = network(cell, 2, embedding=32, readout=32, encoder_size=32, decoder_size=64).float()
    source, targets = sentences()
    labels = pack(targets, TARGET_LENGTHS)

    def loss_and_gradients():
        features = net.features(net.encode(source, LENGTHS), targets, TARGET_LENGTHS)
        loss = smoothed_cross_entropy(features, net.output, labels, 0.1).loss
        gradients = torch.autograd.grad(loss, list(net.parameters()))
        return loss, torch.cat([g.flatten() for g in gradients])

    exact, gradients = loss_and_gradients()
    with torch.autocast("cpu", torch.bfloat16):
        rough, rough_gradients = loss_and_gradients()
    assert rough != exact
    assert rough_gradients.dtype == torch.float32
    torch.testing.assert_close(rough, exact, rtol=2e-2, atol=0)
    cosine = torch.nn.functional.cosine_similarity(gradients, rough_gradients, 0)
    assert cosine > 0.99


def test_states_cannot_be_changed_in_place():
    state = network().start(*[sentences()[0], LENGTHS])
    with pytest.raises(AttributeError):
        state.attention = None
    assert replace(state, attention=None).rows == 4
