"""Every kind of network against its equations written out, and its two ways of decoding."""

import pytest
import torch
from equations import plain_logits

from latimer.nn import names
from latimer.nn.cells import CELLS
from latimer.nn.encoder import backwards
from latimer.nn.output import smoothed_cross_entropy
from latimer.nn.seq2seq import pack
from networks import DEEP, NETWORKS, build_from_keys, with_lexicon
from tiny_model import SIZES

LENGTHS = torch.tensor([3, 5, 1, 4])
TARGET_LENGTHS = torch.tensor([6, 4, 4, 1])
MANY = [pytest.param(options, id=name) for name, options in NETWORKS.items()]


def network(seed=0, **options):
    torch.manual_seed(seed)
    built = with_lexicon(
        build_from_keys(source_vocab=11, target_vocab=11, dropout=0.0, **(SIZES | options))
    ).double()
    with torch.no_grad():  # norms begin at 1 and 0, where a mistake would not show
        for parameter in built.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return built


def sentences(seed=0):
    torch.manual_seed(seed)
    return torch.randint(4, 11, (4, 5)), torch.randint(4, 11, (4, 6))


@pytest.mark.parametrize("options", MANY)
def test_values_and_gradients_equal_the_equations(options):
    net = network(**options)
    options = {"cell": "gru"} | options
    source, targets = sentences()
    labels = torch.randint(11, (4, 6))
    features = net.features(net.encode(source, LENGTHS), targets, TARGET_LENGTHS)
    ours = smoothed_cross_entropy(features, net.output, pack(labels, TARGET_LENGTHS), 0.1).loss
    plain = torch.zeros((), dtype=torch.double)
    for row, length in enumerate(TARGET_LENGTHS.tolist()):
        logits, _ = plain_logits(net, options, source[row, : LENGTHS[row]], targets[row, :length])
        plain = plain + torch.nn.functional.cross_entropy(
            logits, labels[row, :length], label_smoothing=0.1, reduction="sum"
        )
    torch.testing.assert_close(ours, plain)
    parameters = list(net.parameters())
    found = torch.autograd.grad(ours, parameters)
    wanted = torch.autograd.grad(plain, parameters)
    for (name, _), gradient, other in zip(net.named_parameters(), found, wanted, strict=True):
        torch.testing.assert_close(gradient, other, msg=lambda text, name=name: f"{name}: {text}")
        assert gradient.any(), name


@pytest.mark.parametrize("options", MANY)
def test_step_by_step_equals_teacher_forcing(options):
    net = network(**options).eval()
    source, targets = sentences()
    forced = net.decode(net.encode(source, LENGTHS), targets)
    state = net.start(source, LENGTHS)
    for t in range(targets.shape[1]):
        logits, state = net.step(state, targets[:, t])
        torch.testing.assert_close(logits, forced[:, t])


@pytest.mark.parametrize("options", [o for o in MANY if o.values[0].get("attention") != "none"])
def test_attention_weights_equal_the_equations(options):
    net = network(**options).eval()
    options = {"cell": "gru"} | options
    source, targets = sentences()
    found = net.attend(net.encode(source, LENGTHS), targets)
    assert not found.requires_grad
    state = net.start(source, LENGTHS)
    stepped = []
    for t in range(6):
        _, state = net.step(state, targets[:, t])
        stepped.append(state.attention)
    torch.testing.assert_close(found, torch.stack(stepped, 1))
    for row, length in enumerate(LENGTHS.tolist()):
        _, wanted = plain_logits(net, options, source[row, :length], targets[row])
        torch.testing.assert_close(found[row, :, :length], torch.stack(wanted).detach())
        assert not found[row, :, length:].any()


@pytest.mark.parametrize("options", MANY)
def test_rows_are_selected_with_all_they_carry(options):
    net = network(**options).eval()
    source, targets = sentences()
    start = net.start(source, LENGTHS)
    wide = start.select(torch.arange(4).repeat_interleave(2))
    tokens = torch.randint(4, 11, (4, 2))
    _, wide = net.step(wide, tokens.flatten())
    # Sentences 0 and 2 end; the others' rows are swapped.
    left = wide.select(torch.tensor([3, 2, 7, 6]), torch.tensor([1, 3]))
    logits, _ = net.step(left, targets[:, 0])
    for place, (sentence, k) in enumerate([(1, 1), (1, 0), (3, 1), (3, 0)]):
        _, state = net.step(start, tokens[:, k])
        single, _ = net.step(state, targets[place, 0].expand(4))
        torch.testing.assert_close(logits[place], single[sentence])


@pytest.mark.parametrize("options", MANY)
def test_bfloat16_products_stay_close_to_float32(options):
    sizes = {"embedding": 32, "readout": 32, "encoder_size": 32, "decoder_size": 64}
    if options.get("bridge") == "copy":
        sizes["encoder_size"] = 64
    torch.manual_seed(0)
    net = with_lexicon(
        build_from_keys(source_vocab=11, target_vocab=11, dropout=0.0, **(SIZES | options | sizes))
    )
    source, targets = sentences()

    def loss_and_gradients():
        features = net.features(net.encode(source, LENGTHS), targets, TARGET_LENGTHS)
        loss = smoothed_cross_entropy(features, net.output, pack(targets, TARGET_LENGTHS), 0.1).loss
        gradients = torch.autograd.grad(loss, list(net.parameters()))
        return loss, torch.cat([g.flatten() for g in gradients])

    exact, gradients = loss_and_gradients()
    with torch.autocast("cpu", torch.bfloat16):
        rough, rough_gradients = loss_and_gradients()
    torch.testing.assert_close(rough, exact, rtol=2e-2, atol=0)
    assert torch.nn.functional.cosine_similarity(gradients, rough_gradients, 0) > 0.99


def test_a_language_model_reads_no_source():
    net = network(**NETWORKS["language model"])
    source, targets = sentences()
    other = torch.randint(4, 11, (4, 2))
    one = net.decode(net.encode(source, LENGTHS), targets)
    torch.testing.assert_close(one, net.decode(net.encode(other, torch.tensor([2] * 4)), targets))
    assert not any(name.startswith("encoder") for name, _ in net.named_parameters())


@pytest.mark.parametrize("kind", ["luong_general", "luong_concat", "luong_local"])
@pytest.mark.parametrize("fed", [False, True])
def test_without_input_feeding_one_product_serves_all_steps(kind, fed):
    net = network(attention=kind, input_feeding=fed)
    asked = []
    net.attention.register_forward_hook(lambda _, inputs, __: asked.append(inputs[0].shape[1]))
    source, targets = sentences()
    net.decode(net.encode(source, LENGTHS), targets)
    assert asked == ([1] * 6 if fed else [6])


@pytest.mark.parametrize("start", [2, 3, 4])
def test_residual_connections_begin_where_they_are_told(start):
    """Without recurrent layers' outputs, only what residual connections carry is left."""
    options = {"encoder_layers": 4, "decoder_layers": 3, "residual": True, "residual_from": start}
    net = network(attention="none", encoder_directions="forward", **options)
    stack = net.decoder.stack
    with torch.no_grad():
        for layer in stack.layers[1:]:
            for parameter in layer.parameters():
                parameter.zero_()
    active, starts = [2, 2], [torch.zeros(2, stack.size, dtype=torch.double)] * 3
    width = stack.layers[0].weights.weight_ih.shape[1]
    inputs = torch.randn(2, 2, width, dtype=torch.double)
    top, states = stack(inputs, starts, active)
    # Layers of zeros put out zeros: the first layer's output arrives only if both others add.
    wanted = states[0] if start == 2 else torch.zeros_like(top)
    torch.testing.assert_close(top, wanted)


def test_reading_backwards_keeps_the_end():
    places = backwards(torch.tensor([4, 2, 1]), 4)
    assert places.tolist() == [[2, 1, 0, 3], [0, 1, 2, 3], [0, 1, 2, 3]]


def test_every_part_is_in_some_network():
    used = {options.get("attention", "bahdanau") for options in NETWORKS.values()}
    assert used == set(names.ATTENTIONS)
    assert {options.get("cell", "gru") for options in NETWORKS.values()} == set(CELLS)


def test_without_attention_there_are_no_weights():
    net = network(**NETWORKS["cho"])
    source, targets = sentences()
    with pytest.raises(ValueError, match="no attention"):
        net.attend(net.encode(source, LENGTHS), targets)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"input_feeding": True}, "input_feeding.*bahdanau"),
        ({"input_feeding": True, "attention": "coverage"}, "input_feeding.*coverage"),
        ({"input_feeding": True, "attention": "none"}, "input_feeding.*none"),
        ({"fixed_vector": "start"}, "fixed_vector.*bahdanau"),
        ({"attention": "luong_dot"}, r"decoder_size \(20\).*\(24,"),
        ({"bridge": "copy"}, "copy.*encoder_directions 'both'"),
        (
            {"bridge": "copy", "encoder_directions": "forward"},
            r"encoder_size \(12\).*decoder_size \(20\)",
        ),
        (
            {**NETWORKS["sutskever"], "decoder_layers": 3},
            r"encoder_layers \(2\).*decoder_layers \(3\)",
        ),
        (
            {"residual": True},
            "residual: true .*residual_from 2, as there are model.encoder_layers 1 and .*rs 1;",
        ),
        (
            {**DEEP, "residual": True, "residual_from": 4},
            "residual_from 4, as there are model.encoder_layers 3 and model.decoder_layers 3;",
        ),
        (
            {**NETWORKS["language model"], "residual": True, "residual_from": 3},
            "residual_from 3, as there are model.decoder_layers 2;",
        ),
        ({"kind": "language_model"}, "attention: 'bahdanau'.*language_model"),
        (
            {**NETWORKS["language model"], "reverse_source": True},
            "reverse_source: True.*language_model.*to false",
        ),
    ],
)
def test_options_that_exclude_each_other_are_both_named(options, names):
    with pytest.raises(ValueError, match=names):
        network(**options)
