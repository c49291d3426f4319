"""What is asked of a toolkit: to train for so many updates, and to translate a file of pieces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers.corpus import Corpus

RUN_TIMED = Path(__file__).with_name("run_timed.py")

LABEL_SMOOTHING, LEARNING_RATE, DROPOUT, CLIP = 0.1, 1e-3, 0.3, 1.0
MAX_LENGTH = 100
"""Pieces at which the peers give up on a translation; Latimer has a limit for each sentence."""


@dataclass(frozen=True)
class Training:
    """Train on `corpus` for `updates`, saving into `folder` and the times of updates to `clock`."""

    corpus: Corpus
    folder: Path
    updates: int
    clock: Path


@dataclass(frozen=True)
class Translating:
    """Translate the pieces in `source` with the model trained in `folder`, writing `output`."""

    folder: Path
    source: Path
    output: Path
    beam: int
    batch: int


@dataclass(frozen=True)
class Command:
    """A command line; `stdin` and `stdout` are files or nothing."""

    arguments: list[str]
    stdin: Path | None = None
    stdout: Path | None = None


@dataclass(frozen=True)
class Contender:
    """A toolkit: how its commands are made, and the variables they need.

    compared: what it trains is the architecture of the others, so that training speeds compare.
    """

    name: str
    train: Callable[[Training], Command]
    translate: Callable[[Translating], Command]
    variables: dict[str, str] = field(default_factory=dict)
    compared: bool = True
