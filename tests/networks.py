"""One network of every kind, as keywords of `build_seq2seq` beside the sizes of `tiny_model`."""

from __future__ import annotations

from typing import Any

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
    "language model": {"kind": "language_model", "attention": "none", "decoder_layers": 2},
}  # fmt: skip
