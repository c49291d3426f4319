"""Training a perceptron: what fits is learnt, what does not is counted, and a run goes on."""

from __future__ import annotations

import os
import random
import signal

import pytest
import torch
from task import recipe_tree, reports, write_task

import latimer
from latimer.errors import InputError
from latimer.recipe import Recipe, build_recipe
from latimer.tensors import read_tensors
from latimer.train.loop.interruption import Interrupted
from latimer.train.run.improvement import improvement
from latimer.train.run.run import train

SLOTS = 6
MODEL = {
    "kind": "perceptron", "attention": "none", "slots": SLOTS, "hidden": 96, "embedding": 24,
    "readout": 24, "dropout": 0.0,
}  # fmt: skip


def recipe(folder, *, slots: int = SLOTS, dropout: float = 0.0, **training: object) -> Recipe:
    tree = recipe_tree(folder, **training)
    return build_recipe({**tree, "model": {**MODEL, "slots": slots, "dropout": dropout}})


def write_short(folder) -> None:
    """Three or four of six symbols, and their reverse."""
    chance = random.Random(3)
    lines: dict[str, None] = {}
    while len(lines) < 900:
        lines[" ".join(chance.choices("abcdef", k=chance.randint(3, 4)))] = None
    every = list(lines)
    for part, some in (("dev", every[:60]), ("train", every[60:])):
        (folder / f"{part}.source").write_text("\n".join(some) + "\n")
        backwards = (" ".join(line.split()[::-1]) for line in some)
        (folder / f"{part}.target").write_text("\n".join(backwards) + "\n")


def test_it_learns_to_reverse_short_sentences_exactly(tmp_path):
    write_short(tmp_path)
    folder = train(
        recipe(tmp_path, max_updates=300, validate_every=150, warmup=20, cooldown=0.5),
        tmp_path / "run",
    )
    lines = {
        side: (tmp_path / f"dev.{side}").read_text().splitlines() for side in ("source", "target")
    }
    found = [one.text for one in latimer.load(folder).translate(lines["source"])]
    assert found == lines["target"]
    losses = [line["nll"] for line in reports(tmp_path / "run", "update")]
    assert losses[-1] < losses[0] / 10


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    """Sentences of three to eight words, of which those of up to five fit."""
    return write_task(tmp_path_factory.mktemp("task"), pairs=300, dev=30)


def test_what_does_not_fit_is_left_out_and_counted(task, tmp_path):
    notes = []
    folder = train(
        recipe(task, max_updates=2), tmp_path, on_event=lambda r: notes.append(r.message or "")
    )
    config = latimer.model.folder.load_model(folder).config
    for part, facts in (("train", config.data.train), ("dev", config.data.dev)):
        lines = (task / f"{part}.source").read_text().splitlines()
        fitting = sum(len(line.split()) < SLOTS for line in lines)
        assert 0 < fitting < len(lines)
        assert (facts.pairs, facts.too_long) == (fitting, len(lines) - fitting)
        share = f"{1 - fitting / len(lines):.1%}"
        (note,) = [one for one in notes if "do not fit" in one]
        assert f"{len(lines) - fitting:,} of {len(lines):,} pairs of {part} ({share})" in note
        assert (
            f"| {part}.too_long | {len(lines) - fitting} of {len(lines)} ({share}) |"
            in (folder / "README.md").read_text()
        )
    assert f"{SLOTS} slots (5 pieces and the end)" in note
    assert note in (tmp_path / "train.log").read_text()


def test_where_nothing_fits_the_key_is_named(task, tmp_path):
    with pytest.raises(
        InputError, match=r"train.target: no pair of data.train fits .*slots 3, .*4"
    ):
        train(recipe(task, slots=3, max_updates=2), tmp_path)


def test_an_interrupted_run_repeats_the_undisturbed_one(task, tmp_path):
    settings = recipe(task, dropout=0.3, max_updates=12, validate_every=6)

    def stop(report):
        if report.kind == "update" and report.update == 4:
            os.kill(os.getpid(), signal.SIGINT)

    undisturbed = train(settings, tmp_path / "whole", report_every=1)
    with pytest.raises(Interrupted, match="after update 5"):
        train(settings, tmp_path / "cut", report_every=1, on_event=stop)
    found = train(settings, tmp_path / "cut", report_every=1)
    one, other = (read_tensors(f / "weights.safetensors") for f in (undisturbed, found))
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    losses = [
        [line["loss"] for line in reports(tmp_path / run, "update")] for run in ("whole", "cut")
    ]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("objective", ["reinforce", "minimum_risk", "actor_critic"])
def test_it_is_improved_by_reward(task, tmp_path, objective):
    start = train(recipe(task, max_updates=6), tmp_path / "start")
    tree = improvement(start, objective, 1.0, 1)
    tree["training"] |= {"max_updates": 3, "validate_every": 3, "warmup": 0, "threads": 1}
    tree["training"] |= {"batch_tokens": 128, "average": 1, "extrapolation": 1.0}
    if objective == "actor_critic":
        tree["critic"] |= {"embedding": 8, "size": 8, "pretraining": 1}
    folder = train(build_recipe(tree), tmp_path / objective, report_every=1)
    rewards = [line["reward"] for line in reports(tmp_path / objective, "update")]
    assert len(rewards) == 3
    assert all(0 <= reward <= 1 for reward in rewards)
    assert latimer.load(folder).translate(["a b c"])[0].parts == 1
