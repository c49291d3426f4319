"""Small languages to learn: sentences of symbols, to be written again or backwards."""

from __future__ import annotations

import json
import random
from pathlib import Path

from latimer.recipe import Recipe, build_recipe

SYMBOLS = [chr(ord("a") + k) for k in range(10)]
REWRITE = {"copy": lambda words: words, "reverse": lambda words: words[::-1]}


def write_task(folder: Path, task: str = "copy", pairs: int = 2000, dev: int = 50) -> Path:
    """Text files of a task in `folder`; dev holds no sentence of train."""
    chance = random.Random(7)
    sentences: dict[str, None] = {}
    while len(sentences) < pairs + dev:
        sentences[" ".join(chance.choices(SYMBOLS, k=chance.randint(3, 8)))] = None
    lines = list(sentences)
    for part, chosen in {"dev": lines[:dev], "train": lines[dev:]}.items():
        targets = [" ".join(REWRITE[task](line.split())) for line in chosen]
        (folder / f"{part}.source").write_text("\n".join(chosen) + "\n")
        (folder / f"{part}.target").write_text("\n".join(targets) + "\n")
    return folder


def recipe_tree(folder: Path, *, model: dict | None = None, **training: object) -> dict:
    """A recipe as plain values: a tiny network on the task in `folder`."""
    sizes = {
        "embedding": 16, "encoder_size": 16, "decoder_size": 24, "attention_size": 16,
        "readout": 16, "dropout": 0.1,
    }  # fmt: skip
    parts = {
        part: {side: str(folder / f"{part}.{side}") for side in ("source", "target")}
        for part in ("train", "dev")
    }
    settings = {
        "batch_tokens": 256, "learning_rate": 5e-3, "patience": None, "precision": "fp32",
        "threads": 1, "schedule": "constant", "max_updates": 100,
    }  # fmt: skip
    return {
        "seed": 5,
        "data": parts,
        "subwords": {"kind": "word", "size": 64, "placeholders": False},
        "model": {**sizes, **(model or {})},
        "training": {**settings, **training},
        "constraints": {"max_length": 10},
    }


def tiny_recipe(folder: Path, *, model: dict | None = None, **training: object) -> Recipe:
    return build_recipe(recipe_tree(folder, model=model, **training))


def reports(run: Path, kind: str | None = None) -> list[dict]:
    """The lines of the run's log.jsonl."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [line for line in lines if kind is None or line["kind"] == kind]
