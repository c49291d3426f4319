"""Every recipe of a paper at its full size: build, one update, and a round trip through a folder.

Weights are drawn, one batch of invented sentences is learnt from with the training's own update
(loss, gradients, clipping, Adam), the network is written as a model folder and read back, and all
weights must be equal. gnmt2016 needs about 10 GB of memory; run it while nothing else does.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.common import markdown_table
from latimer.model import Model, load_model, model_card, save_model
from latimer.nn.build import build_network
from latimer.recipe import Recipe, load_recipe
from latimer.text.batching import Batch, pad_sources
from latimer.text.vocabulary.subwords import BOS
from latimer.text.vocabulary.vocabulary import Vocabulary
from latimer.train.loop.distributed import Group
from latimer.train.loop.update import Updater, build_optimisers
from latimer.train.loop.workers import Workers
from latimer.train.objectives.likelihood import Likelihood

PAPERS = ("elman1990", "cho2014", "sutskever2014", "bahdanau2015", "luong2015", "gnmt2016")
SENTENCES, LENGTH = 8, 20


def main() -> None:
    """Try each recipe, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="*", default=PAPERS, help="names (default: all)")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/full_size.json"))
    options = parser.parse_args()
    rows, figures = [], {}
    for name in options.recipes:
        print(name, file=sys.stderr)
        files = ("data.train.source=a", "data.train.target=b", "data.dev.source=a")
        recipe = load_recipe(name, [*files, "data.dev.target=b"])
        # A process for each, so that memory is its own.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            facts = pool.apply(attempt, (recipe,))
        figures[name] = facts
        rows.append([name, *(f"{value:.1f}" for value in facts.values())])
    header = ["recipe", "million weights", "s to build", "s for an update", "loss before"]
    header += ["after", "GB of folder", "GB of memory at most"]
    print(markdown_table(header, rows))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def attempt(recipe: Recipe) -> dict[str, float]:
    """Build, update, write, read; raises AssertionError when a weight comes back another."""
    begun = time.perf_counter()
    vocabulary = invented_vocabulary(recipe)
    sizes: dict[str, Any] = {
        "source_vocab": len(vocabulary.source),
        "target_vocab": len(vocabulary.target),
    }
    torch.manual_seed(1)
    network = build_network(recipe.model, **sizes)
    built = time.perf_counter()
    objective = Likelihood(network, recipe.training.label_smoothing)
    updater = Updater(
        objective,
        build_optimisers(objective, weight_decay=recipe.training.weight_decay),
        clip=recipe.training.clip,
        workers=Workers(precision="fp32"),
        group=Group(),
    )
    batch = invented_batch(**sizes)
    network.train()
    begun_update = time.perf_counter()
    step = updater.update(batch, 1, 1e-3, seconds=0.0, interrupted=False)
    updated = time.perf_counter()
    assert not step.skipped
    network.eval()
    with torch.no_grad():
        after = objective.loss(batch).value.item()
    size = round_trip(Model(network, vocabulary, description(recipe)))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "million_weights": sum(p.numel() for p in network.parameters()) / 1e6,
        "seconds_to_build": built - begun,
        "seconds_of_update": updated - begun_update,
        "loss_before": step.sums["loss"] / step.weight,
        "loss_after": after,
        "gigabytes_of_folder": size / 2**30,
        "gigabytes_of_memory": memory,
    }


def invented_vocabulary(recipe: Recipe) -> Vocabulary:
    """Words without meaning, as many as the recipe asks for."""
    settings, chance = recipe.subwords, random.Random(1)

    def words() -> list[str]:
        letters = "abcdefghijklmnopqrstuvwxyz"
        drawn = {"".join(chance.choices(letters, k=6)) for _ in range(int(1.1 * settings.size))}
        ordered = sorted(drawn)
        return [" ".join(ordered[k : k + 20]) for k in range(0, len(ordered), 20)]

    sides: list[Any] = [words(), words()]
    if recipe.model.kind == "language_model":
        return Vocabulary.train_one(sides[0], kind="word", size=settings.size, placeholders=False)
    return Vocabulary.train(
        list(zip(*sides, strict=False)),
        kind="word",
        size=settings.size,
        joint=settings.joint,
        placeholders=False,
    )


def invented_batch(source_vocab: int, target_vocab: int) -> Batch:
    """Eight pairs of twenty pieces drawn at random."""
    chance = random.Random(1)
    sides = [
        pad_sources([[chance.randrange(4, n) for _ in range(LENGTH)] for _ in range(SENTENCES)])
        for n in (source_vocab, target_vocab)
    ]
    (source, source_lengths), (labels, target_lengths) = sides
    target = torch.cat([torch.full_like(labels[:, :1], BOS), labels], 1)
    return Batch(source, source_lengths, target, target_lengths)


def description(recipe: Recipe) -> dict[str, Any]:
    """What `config.json` needs to know."""
    return {
        "network": recipe.model.model_dump(mode="json"),
        "languages": {"source": "xx", "target": "yy"},
    }


def round_trip(model: Model) -> int:
    """Bytes of the model folder, once it is known to give back the same weights."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        save_model(folder, model, model_card(model.config, command="benchmarks.full_size"))
        size = sum(path.stat().st_size for path in folder.iterdir())
        again = dict(load_model(folder).network.named_parameters())
        for name, weight in model.network.named_parameters():
            assert torch.equal(weight, again[name]), name
    return size


if __name__ == "__main__":
    main()
