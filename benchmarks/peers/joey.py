"""JoeyNMT 2.3 at the reference architecture."""

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
    """JoeyNMT in the environment of `python`."""

    def train(job: Training) -> Command:
        config = write_config(job.folder, job.corpus, job.updates, beam=1, batch=BATCH_SENTENCES)
        timed = [str(python), str(RUN_TIMED), str(job.clock)]
        return Command([*timed, "joeynmt", "train", str(config), "--skip-test"])

    def translate(job: Translating) -> Command:
        config = write_config(
            job.folder, Corpus(job.source.parent), 1, beam=job.beam, batch=job.batch
        )
        command = [str(python), "-m", "joeynmt", "translate", str(config)]
        return Command(command, stdin=job.source, stdout=job.output)

    # Its checkpoints hold more than weights.
    return Contender("JoeyNMT 2.3.0", train, translate, {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"})


def write_config(folder: Path, corpus: Corpus, updates: int, *, beam: int, batch: int) -> Path:
    """The configuration file of a run whose model is in `folder`."""
    config = {
        "name": "reference",
        "joeynmt_version": "2.3.0",
        "model_dir": str(folder),
        "use_cuda": False,
        "random_seed": 1,
        "data": data_section(corpus),
        "training": training_section(updates),
        "testing": {
            "beam_size": beam,
            "beam_alpha": 1.0,
            "batch_size": batch,
            "n_best": 1,
            "batch_type": "sentence",
            "max_output_length": MAX_LENGTH,
        },
        "model": model_section(),
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.with_name(f"{folder.name}.joeynmt.yaml")
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def data_section(corpus: Corpus) -> dict[str, Any]:
    """Files of pieces, split at spaces."""
    side = {"level": "word", "lowercase": False, "voc_file": str(corpus.vocabulary)}
    return {
        "train": str(corpus.folder / "train"),
        "dev": str(corpus.folder / "val"),
        "dataset_type": "plain",
        "src": {"lang": "en", **side},
        "trg": {"lang": "de", **side},
    }


def training_section(updates: int) -> dict[str, Any]:
    """The same objective and optimiser for everybody; no validation."""
    return {
        "loss": "crossentropy",
        "label_smoothing": LABEL_SMOOTHING,
        "optimizer": "adam",
        "learning_rate": LEARNING_RATE,
        "scheduling": "plateau",  # it must have one; without validation this does nothing
        "clip_grad_norm": CLIP,
        "batch_size": BATCH_SENTENCES,
        "batch_type": "sentence",
        "normalization": "tokens",
        "epochs": 1000,
        "updates": updates,
        "logging_freq": 1000,
        "validation_freq": 1_000_000,
        "overwrite": True,
    }


def model_section() -> dict[str, Any]:
    """Source and target embeddings shared, the output layer not; input feeding as by default."""
    embeddings = {"embedding_dim": REFERENCE.embedding, "dropout": DROPOUT}
    shared = {"rnn_type": "gru", "num_layers": 1, "dropout": DROPOUT, "embeddings": embeddings}
    return {
        "tied_embeddings": True,
        "tied_softmax": False,
        "encoder": {
            "type": "recurrent",
            "hidden_size": REFERENCE.encoder_size,
            "bidirectional": True,
            **shared,
        },
        "decoder": {
            "type": "recurrent",
            "hidden_size": REFERENCE.decoder_size,
            "attention": "bahdanau",
            "input_feeding": True,
            "init_hidden": "bridge",
            "hidden_dropout": DROPOUT,
            **shared,
        },
    }
