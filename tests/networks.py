"""One network of every kind, as keys of a description beside the sizes of `tiny_model`."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import nn

from latimer.nn.build import build_network
from latimer.nn.conflicts import OF_ALL, OF_PERCEPTRONS
from latimer.nn.description import NetworkDescription
from latimer.nn.rl.critic import Critic, build_critic, tied_inputs
from latimer.nn.seq2seq import Seq2Seq

DEEP: dict[str, Any] = {"encoder_layers": 3, "decoder_layers": 3}
NETWORKS: dict[str, dict[str, Any]] = {
    "bahdanau": {"cell": "gru"},
    "bahdanau, deep": {"cell": "lstm", "decoder_layers": 2, "encoder_layers": 2, "tied": "none"},
    "bahdanau, plain cell": {"cell": "rnn"},
    "cho": {"attention": "none", "encoder_directions": "forward"},
    "sutskever": {
        "cell": "lstm", "attention": "none", "fixed_vector": "start", "bridge": "copy",
        "encoder_directions": "forward", "reverse_source": True,
        "encoder_size": 20, "encoder_layers": 2, "decoder_layers": 2,
    },
    "vector, copied": {
        "cell": "rnn", "attention": "none", "bridge": "copy", "encoder_directions": "forward",
        "encoder_size": 20,
    },
    "dot": {"attention": "luong_dot", "decoder_size": 24},
    "general, fed": {
        "cell": "lstm", "attention": "luong_general", "input_feeding": True,
        "encoder_directions": "forward", "reverse_source": True,
        "encoder_layers": 2, "decoder_layers": 2,
    },
    "concat": {"attention": "luong_concat", "cell": "rnn_relu", "decoder_layers": 2},
    "concat, fed": {"attention": "luong_concat", "input_feeding": True},
    "local": {"attention": "luong_local", "attention_window": 2},
    "coverage": {"attention": "coverage", "cell": "lstm", "decoder_layers": 2},
    "gnmt": {
        "cell": "lstm", "encoder_directions": "first", "residual": True, "residual_from": 3,
        **DEEP,
    },
    "normalised": {"residual": True, "layer_norm": True, **DEEP},
    "normalised, fed": {
        "attention": "luong_general", "input_feeding": True, "residual": True, "layer_norm": True,
        "encoder_directions": "forward", **DEEP,
    },
    "bahdanau, lexicon": {"cell": "lstm", "lexical_prior": 3, "decoder_layers": 2},
    "folded, lexicon": {"lexical_prior": 4, "encoder_layers": 2},
    "general, fed, lexicon": {
        "attention": "luong_general", "input_feeding": True, "lexical_prior": 3,
        "encoder_directions": "forward", "reverse_source": True,
    },
    "local, lexicon": {"attention": "luong_local", "attention_window": 2, "lexical_prior": 3},
    "coverage, lexicon": {"attention": "coverage", "lexical_prior": 3},
    "language model": {"kind": "language_model", "attention": "none", "decoder_layers": 2},
    "perceptron": {"kind": "perceptron", "attention": "none", "slots": 40, "hidden": 24},
    "perceptron, deep": {
        "kind": "perceptron", "attention": "none", "slots": 36, "hidden": 20, "hidden_layers": 2,
        "activation": "sigmoid", "tied": "target",
    },
}  # fmt: skip

N = TypeVar("N", bound=nn.Module)


def build_from_keys(*, source_vocab: int, target_vocab: int, **keys: Any) -> Seq2Seq:
    """The network that the keys of a description describe.

    Of a perceptron without those of recurrent networks, but for `attention`.
    """
    return build_network(
        NetworkDescription.model_validate(fitting_keys(keys)),
        source_vocab=source_vocab,
        target_vocab=target_vocab,
    )


def fitting_keys(keys: dict[str, Any]) -> dict[str, Any]:
    """Those of a perceptron, without those of recurrent networks; of other networks all."""
    if keys.get("kind") != "perceptron":
        return keys
    known = ("kind", *OF_ALL, *OF_PERCEPTRONS, "attention")
    return {key: value for key, value in keys.items() if key in known}


def critic_from_keys(*, reads: str, head: str = "layer", joint: bool = True, **keys: Any) -> Critic:
    """A critic whose network the keys of a description and the vocabulary sizes describe."""
    sizes = {name: keys.pop(name) for name in ("source_vocab", "target_vocab")}
    described = NetworkDescription(**keys, tied=tied_inputs(reads, joint=joint))
    return build_critic(described, reads, pointer=head == "pointer", **sizes)


def with_lexicon(network: N, seed: int = 0) -> N:
    """The network, with a random table in its lexical prior if it has one.

    Some source pieces have fewer translations than the table has room for, some share theirs.
    """
    prior = getattr(network, "prior", None)
    if prior is None:
        return network
    chance = torch.Generator().manual_seed(seed)
    vocab = len(prior.pieces)
    most = min(prior.pieces.shape[1], vocab - 4)
    drawn = [4 + torch.randperm(vocab - 4, generator=chance)[:most] for _ in range(vocab)]
    pieces = torch.stack(drawn)
    pieces = pieces.masked_fill(torch.rand(vocab, most, generator=chance) < 0.2, -1)
    pieces[:4] = -1
    prior.fill(pieces, torch.rand(vocab, most, generator=chance) / most)
    prior.probabilities.mul_(
        0.01
    )  # or random networks would agree with it about the end of sentence
    return network
