"""Every network's equations in plain tensor operations, a sentence and a position at a time."""

from __future__ import annotations

import math

import torch

from latimer.nn.cells import CELLS
from latimer.nn.lexical import FLOOR
from latimer.nn.names import ATTENTIONS
from latimer.text.vocabulary.subwords import PAD


def cell_step(name, weights, inputs, state):
    """The next state `[rows, parts * H]`, from the equations of the cell."""
    size = weights.hidden_size
    before = state[:, :size]
    x = inputs @ weights.weight_ih.T + weights.bias_ih
    h = before @ weights.weight_hh.T + weights.bias_hh
    if name == "rnn":
        return torch.tanh(x + h)
    if name == "rnn_relu":
        return (x + h).clamp(min=0)
    if name == "gru":
        (x_r, x_z, x_n), (h_r, h_z, h_n) = x.split(size, 1), h.split(size, 1)
        r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
        return (1 - z) * torch.tanh(x_n + r * h_n) + z * before
    i, f, g, o = (x + h).split(size, 1)
    c = torch.sigmoid(f) * state[:, size:] + torch.sigmoid(i) * torch.tanh(g)
    return torch.cat([torch.sigmoid(o) * torch.tanh(c), c], 1)


class Widened:
    """Cell weights whose input weight also reads the context."""

    def __init__(self, weights, context_weight):
        self.hidden_size, self.weight_hh = weights.hidden_size, weights.weight_hh
        self.bias_ih, self.bias_hh = weights.bias_ih, weights.bias_hh
        self.weight_ih = torch.cat([weights.weight_ih, context_weight], 1)


def normalised(layer, x):
    if not isinstance(layer, torch.nn.LayerNorm):
        return x
    centred = x - x.mean(-1, keepdim=True)
    scale = (centred.square().mean(-1, keepdim=True) + layer.eps).sqrt()
    return centred / scale * layer.weight + layer.bias


def run(name, weights, parts, inputs):
    """All states `[time, parts * H]` of a cell over `inputs [time, input]` from zero."""
    state, states = inputs.new_zeros(1, parts * weights.hidden_size), []
    for x in inputs:
        state = cell_step(name, weights, x[None], state)
        states.append(state[0])
    return torch.stack(states)


def residual_from(options):
    return options.get("residual_from", 2) if options.get("residual") else 1000


def encode(net, options, source):
    """Values `[time, value]` and the summary of one sentence, `source [time]` without padding."""
    name, residual = options["cell"], residual_from(options)
    parts = CELLS[name].parts
    if options.get("reverse_source"):
        source = torch.cat([source[:-1].flip(0), source[-1:]])
    hidden, finals = net.encoder.embedding(source), []
    for k, (layer, norm) in enumerate(zip(net.encoder.layers, net.encoder.norms, strict=True)):
        size = layer.hidden_size
        states = run(name, layer.ahead.weights, parts, hidden)
        finals.append(states[-1])
        output = states[:, :size]
        if hasattr(layer, "back"):
            back = run(name, layer.back.weights, parts, hidden.flip(0)).flip(0)[:, :size]
            output = torch.cat([output, back], 1)
        output = normalised(norm, output)
        added = k + 1 >= residual and output.shape == hidden.shape
        hidden = output + hidden if added else output
    if options.get("bridge") == "copy":
        summary = torch.cat(finals)
    elif hasattr(net.encoder.layers[-1], "back"):
        half = hidden.shape[1] // 2
        summary = torch.cat([hidden[-1, :half], hidden[0, half:]])
    else:
        summary = hidden[-1]
    if options.get("reverse_source"):
        hidden = torch.cat([hidden[:-1].flip(0), hidden[-1:]])
    return hidden, summary


def first_states(net, options, summary):
    bridges = net.decoder.bridges
    if options.get("kind") == "language_model":
        count = options["decoder_layers"]
        parts = CELLS[options["cell"]].parts
        return [torch.zeros(1, parts * net.decoder.stack.size, dtype=torch.double)] * count
    if options.get("bridge") == "copy":
        layers = options.get("decoder_layers", 1)
        return list(summary.view(layers, 1, -1))
    return [torch.tanh(linear.weight @ summary + linear.bias)[None] for linear in bridges]


def climb(options, layers, norms, hidden, states, beside=None, first=0):
    """One step of layers one above the other; changes `states`, gives the top's output."""
    for k, (layer, norm) in enumerate(zip(layers, norms, strict=True), first):
        below = hidden if beside is None else torch.cat([hidden, beside])
        states[k] = cell_step(options["cell"], layer.weights, below[None], states[k])
        output = normalised(norm, states[k][0, : layer.weights.hidden_size])
        hidden = output + hidden if k + 1 >= residual_from(options) else output
    return hidden


def luong_weights(attention, kind, query, values):
    """Equations 7 to 10 of Luong et al. 2015."""
    if kind == "luong_dot":
        return torch.softmax(values @ query, 0)
    if kind == "luong_general":
        return torch.softmax(values @ attention.key.weight.T @ query, 0)
    if kind == "luong_concat":
        whole = torch.cat([attention.query.weight, attention.key.weight], 1)
        pairs = torch.cat([query.expand(len(values), -1), values], 1)
        return torch.softmax(torch.tanh(pairs @ whole.T) @ attention.score.weight[0], 0)
    scores = values @ attention.general.key.weight.T @ query
    v, w = attention.place.weight[0], attention.hidden.weight
    centre = len(values) * torch.sigmoid(v @ torch.tanh(w @ query))
    places = torch.arange(len(values), dtype=torch.double)
    inside = (places >= centre - attention.window) & (places <= centre + attention.window)
    exponents = torch.where(inside, scores.exp(), 0.0)
    deviation = attention.window / 2
    gauss = torch.exp(-((places - centre) ** 2) / (2 * deviation**2))
    return exponents / exponents.sum() * gauss


def lexical(net, source, weights):
    """Log(Σ_s α_s p(v | x_s) + ε) of every v, less log ε, from a table of all pairs of pieces."""
    if net.prior is None:
        return 0.0
    dense = torch.zeros(len(net.prior.pieces), len(net.output.bias), dtype=torch.double)
    for piece, (targets, chances) in enumerate(
        zip(net.prior.pieces, net.prior.probabilities, strict=True)
    ):
        for target, chance in zip(targets.tolist(), chances, strict=True):
            if target != PAD:
                dense[piece, target] = chance
    return torch.log(weights @ dense[source] + FLOOR) - math.log(FLOOR)


def perceptron_logits(net, options, source, slots):
    """Logits `[slots, vocab]` of the first slots, each layer an `nn.Linear` of its own."""
    encoder, decoder, output = net.encoder, net.decoder, net.output

    def linear(weight, bias):
        layer = torch.nn.Linear(weight.shape[1], len(weight), dtype=torch.double)
        del layer.weight, layer.bias  # parameters, in whose place come the network's own
        layer.weight, layer.bias = weight, bias
        return layer

    empty = [PAD] * (options["slots"] - len(source))
    hidden = torch.cat([encoder.embedding.weight[token] for token in [*source, *empty]])
    function = {"tanh": torch.nn.Tanh(), "sigmoid": torch.nn.Sigmoid()}
    for layer in encoder.layers:
        hidden = linear(layer.weight, layer.bias)(hidden)
        hidden = function[options.get("activation", "tanh")](hidden)
    logits = []
    for slot in range(slots):  # the slot's own output layer, from the last hidden layer
        weight = output.weight @ decoder.weight[slot]
        bias = output.weight @ decoder.bias[slot, 0] + output.bias
        logits.append(linear(weight, bias)(hidden))
    return torch.stack(logits)


def plain_logits(net, options, source, targets):
    """Logits `[time, vocab]` and attention weights of one sentence without padding."""
    if options.get("kind") == "perceptron":
        return perceptron_logits(net, options, source, len(targets)), []
    decoder, kind = net.decoder, options.get("attention", "bahdanau")
    if options.get("kind") == "language_model":
        values = summary = None
    else:
        values, summary = encode(net, options, source)
    states = first_states(net, options, summary)
    logits, read_weights = [], []
    fed = torch.zeros(decoder.readout.out_features, dtype=torch.double)
    coverage = None if values is None else torch.zeros(len(values), dtype=torch.double)
    for token in targets:
        embedded = decoder.embedding(token)
        weights = None
        if kind == "none":
            every = options.get("fixed_vector", "every_step") == "every_step" and values is not None
            inputs = torch.cat([embedded, summary]) if every else embedded
            top = climb(options, decoder.stack.layers, decoder.stack.norms, inputs, states)
            read = torch.cat([top, summary, embedded]) if every else top
        elif ATTENTIONS[kind].decoder == "luong":
            inputs = torch.cat([embedded, fed]) if options.get("input_feeding") else embedded
            top = climb(options, decoder.stack.layers, decoder.stack.norms, inputs, states)
            weights = luong_weights(decoder.attention, kind, top, values)
            read = torch.cat([top, weights @ values])
        else:
            attention, first = decoder.attention, decoder.first
            query = attention.query_weight @ states[0][0, : decoder.size]
            energy = attention.key(values) + query
            if kind == "coverage":
                energy = energy + coverage[:, None] * attention.coverage_weight
            weights = torch.softmax(torch.tanh(energy) @ attention.score_weight, 0)
            coverage = coverage + weights
            context = weights @ values
            wide = Widened(first.weights, first.context_weight)
            both = torch.cat([embedded, context])[None]
            states[0] = cell_step(options["cell"], wide, both, states[0])
            hidden = normalised(decoder.norms[0], states[0][0, : decoder.size])
            upper, norms = decoder.upper, decoder.norms[1:]
            top = climb(options, upper, norms, hidden, states, beside=context, first=1)
            read = torch.cat([top, context, embedded])
        fed = torch.tanh(decoder.readout(read))
        logits.append(net.output.weight @ fed + net.output.bias + lexical(net, source, weights))
        read_weights.append(weights)
    return torch.stack(logits), read_weights
