"""OpenNMT-py 3.5 at the reference architecture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from benchmarks.common import BATCH_SENTENCES
from benchmarks.peers.architecture import REFERENCE
from benchmarks.peers.contender import (
    CLIP,
    DROPOUT,
    LABEL_SMOOTHING,
    LEARNING_RATE,
    MAX_LENGTH,
    RUN_TIMED,
    Command,
    Contender,
    Training,
    Translating,
)
from benchmarks.peers.corpus import Corpus


def contender(python: Path) -> Contender:
    """OpenNMT-py in the environment of `python`."""

    def train(job: Training) -> Command:
        config = write_config(job, model_section())
        timed = [str(python), str(RUN_TIMED), str(job.clock)]
        return Command([*timed, "opennmt", "--config", str(config)])

    def translate(job: Translating) -> Command:
        models = sorted(job.folder.glob("model_step_*.pt"), key=lambda path: path.stat().st_mtime)
        options = {
            "model": str(models[-1]),
            "src": str(job.source),
            "output": str(job.output),
            "beam_size": str(job.beam),
            "batch_size": str(job.batch),
            "batch_type": "sents",
            "length_penalty": "avg",
            "max_length": str(MAX_LENGTH),
        }
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        return Command([str(python), "-m", "onmt.bin.translate", *words])

    # Its checkpoints hold more than weights.
    return Contender(
        "OpenNMT-py 3.5.1", train, translate, {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
    )


def write_config(job: Training, model: dict[str, Any]) -> Path:
    """The configuration file of a training run of `model`, a part of it."""
    job.folder.mkdir(parents=True, exist_ok=True)
    # It wants a count behind each piece, and leaves out pieces that seem never to occur.
    vocabulary = job.folder / "vocabulary.txt"
    pieces = job.corpus.vocabulary.read_text(encoding="utf-8").splitlines()
    vocabulary.write_text("".join(f"{piece}\t1\n" for piece in pieces), encoding="utf-8")
    config = {**data_section(job.corpus, vocabulary), **training_section(job), **model}
    path = job.folder / "opennmt.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def data_section(corpus: Corpus, vocabulary: Path) -> dict[str, Any]:
    """Files of pieces, split at spaces."""
    files = {
        "path_src": str(corpus.file("train", "en")),
        "path_tgt": str(corpus.file("train", "de")),
    }
    return {
        "data": {"corpus": files},
        "src_vocab": str(vocabulary),
        "tgt_vocab": str(vocabulary),
        "share_vocab": True,
    }


def model_section() -> dict[str, Any]:
    """Source and target embeddings shared, the output layer not; input feeding as by default."""
    return {
        "encoder_type": "brnn",
        "decoder_type": "rnn",
        "rnn_type": "GRU",
        "word_vec_size": REFERENCE.embedding,
        "hidden_size": REFERENCE.decoder_size,  # the encoder gives each direction half of it
        "layers": 1,
        "global_attention": "mlp",
        "share_embeddings": True,
        "dropout": [DROPOUT],
    }


def training_section(job: Training) -> dict[str, Any]:
    """The same objective and optimiser for everybody; no validation."""
    return {
        "save_model": str(job.folder / "model"),
        "batch_size": BATCH_SENTENCES,
        "batch_type": "sents",
        "normalization": "tokens",
        "optim": "adam",
        "learning_rate": LEARNING_RATE,
        "max_grad_norm": CLIP,
        "label_smoothing": LABEL_SMOOTHING,
        "train_steps": job.updates,
        "save_checkpoint_steps": job.updates,
        "valid_steps": 1_000_000,
        "report_every": 1000,
        "num_workers": 0,  # one core for everything: loading in the process costs least
        "seed": 1,
    }
