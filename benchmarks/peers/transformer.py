"""CTranslate2's int8 Transformer, about as large as the reference architecture.

The model that others translate fastest with: 4 + 4 layers of 256, 4 heads, feed-forward 1024, all
embeddings tied, 9.4 million weights. OpenNMT-py trains it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.peers.contender import MAX_LENGTH, Command, Contender, Training, Translating
from benchmarks.peers.opennmt import write_config

PROCESS = Path(__file__).with_name("ctranslate2_process.py")


def contender(python: Path) -> Contender:
    """CTranslate2 in the environment of `python`, which is OpenNMT-py's."""

    def train(job: Training) -> Command:
        config = write_config(job, model_section())
        return Command(
            [str(python), str(PROCESS), "train", str(job.clock), str(config), str(job.folder)]
        )

    def translate(job: Translating) -> Command:
        files = [str(job.folder), str(job.source), str(job.output)]
        numbers = [str(job.beam), str(job.batch), str(MAX_LENGTH)]
        return Command([str(python), str(PROCESS), "translate", *files, *numbers])

    # The checkpoint that is converted holds more than weights.
    variables = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
    return Contender("CTranslate2, int8 Transformer", train, translate, variables, compared=False)


def model_section() -> dict[str, Any]:
    """A Transformer that CTranslate2 can read."""
    return {
        "encoder_type": "transformer",
        "decoder_type": "transformer",
        "layers": 4,
        "heads": 4,
        "hidden_size": 256,
        "word_vec_size": 256,
        "transformer_ff": 1024,
        "position_encoding": True,
        "self_attn_type": "scaled-dot",
        "share_embeddings": True,
        "share_decoder_embeddings": True,
        "dropout": [0.1],
        "attention_dropout": [0.1],
        "param_init": 0,
        "param_init_glorot": True,
    }
