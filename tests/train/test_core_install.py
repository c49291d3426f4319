"""Training, improving and translating need no extra."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

PROGRAM = """
import sys

EXTRAS = ("gymnasium", "matplotlib", "numba", "scipy", "lxml", "polib", "tensorboard")

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in EXTRAS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
import latimer.commands.improve, latimer.engines.neural
import latimer.train.objectives.build, latimer.train.run.run
import latimer.quickstart.run
from latimer.rl.td_targets import sarsa
try:
    from latimer.rl import FiniteMDP
except ModuleNotFoundError as error:
    print(error.name)
"""


def test_nothing_of_the_extras_is_imported() -> None:
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert found.stderr == ""
    assert found.stdout.strip() in ("numba", "scipy", "gymnasium")


def test_the_core_is_small() -> None:
    path = Path(__file__).parents[2] / "pyproject.toml"
    project = tomllib.loads(path.read_text("utf-8"))["project"]
    core = {re.split("[<>=]", requirement)[0] for requirement in project["dependencies"]}
    assert core == {
        "numpy", "pyarrow", "pydantic", "pyyaml", "rich", "sacrebleu", "safetensors",
        "sentencepiece", "torch", "typer",
    }  # fmt: skip
    extras = {
        re.split("[<>=]", requirement)[0]
        for name, extra in project["optional-dependencies"].items()
        if name not in ("dev", "docs")
        for requirement in extra
    }
    assert extras == {"gymnasium", "lxml", "matplotlib", "numba", "polib", "scipy", "tensorboard"}
