"""Training, improving and translating need no extra."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("gymnasium", "matplotlib", "numba", "scipy", "lxml", "polib"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
import latimer.commands.improve, latimer.engines.neural
import latimer.train.objectives.build, latimer.train.run.run
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
