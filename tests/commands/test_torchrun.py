"""Two processes under PyTorch's own launcher go through all phases of learning from reward."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from command import LATIMER, environment

from latimer.recipe import build_recipe, dump_recipe

sys.path.append(str(Path(__file__).parents[1] / "train"))
from task import recipe_tree, reports, write_task

UPDATES = {"likelihood": 12, "critic": 4, "actor-critic": 4, "minimum-risk": 3}
CHANGED = ("seconds", "tokens_per_second", "sentences_per_second", "seconds_left")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    task = write_task(tmp_path_factory.mktemp("task"), pairs=200, dev=8)
    phases: dict[str, Any] = {
        name: {
            "training": {"max_updates": updates},
            "objective": {"kind": name.replace("-", "_"), "samples": 2},
        }
        for name, updates in UPDATES.items()
    }
    del phases["likelihood"]["objective"]
    tree = recipe_tree(task, batch_tokens=64, validate_every=4, average=2)
    del tree["training"]["max_updates"]
    critic = {"size": 8, "embedding": 8, "rate": 5.0, "gradient": "corrected"}
    path = task / "recipe.yaml"
    path.write_text(dump_recipe(build_recipe({**tree, "critic": critic, "phases": phases})))
    return path


def begin(recipe: Path, run: Path) -> subprocess.Popen[bytes]:
    torchrun = Path(LATIMER).with_name("torchrun")
    return subprocess.Popen(
        [torchrun, "--standalone", "--nproc-per-node", "2", "--no-python", "--",
         LATIMER, "train", recipe, "--run", run, "--report-every", "1", "-q"],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def steps(run: Path) -> list[dict[str, Any]]:
    """Everything that the log tells of updates and validations but times."""
    lines = [line for line in reports(run) if line["kind"] in ("update", "validation")]
    return [{k: v for k, v in line.items() if k not in CHANGED} for line in lines]


@pytest.fixture(scope="module")
def undisturbed(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    process = begin(recipe, run)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return run


def test_all_phases_run_in_two_processes(undisturbed: Path) -> None:
    told = [line for line in steps(undisturbed) if line["kind"] == "update"]
    wanted = [name for name, updates in UPDATES.items() for _ in range(updates)]
    assert [line["phase"] for line in told] == wanted
    assert all(line["skipped"] == 0 for line in told)
    assert (undisturbed / "models" / "best" / "weights.safetensors").exists()


@pytest.mark.slow
def test_both_killed_they_continue_exactly(recipe: Path, undisturbed: Path, tmp_path: Path) -> None:
    """In the phase of actor and critic, after its first update."""
    run, after = tmp_path / "run", sum(list(UPDATES.values())[:2])
    process, log = begin(recipe, run), tmp_path / "run" / "log.jsonl"
    while not (log.exists() and f'"update": {after + 1},' in log.read_text()):
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    again = begin(recipe, run)
    _, errors = again.communicate(timeout=300)
    assert again.returncode == 0, errors
    assert steps(run) == steps(undisturbed)
