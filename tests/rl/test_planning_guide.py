"""The guide's examples run, and what they assert holds."""

import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "concepts" / "planning.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
WORLDS = re.findall(r"^```\n(discount.*?)^```$", GUIDE.read_text("utf-8"), re.M | re.S)


@pytest.mark.parametrize("code", BLOCKS)
def test_examples_run(code):
    exec(compile(code, str(GUIDE), "exec"), {"__name__": "guide"})


def test_there_are_examples():
    assert len(BLOCKS) >= 6
    assert sum("assert" in code for code in BLOCKS) >= 5


@pytest.mark.parametrize("drawing", WORLDS)
def test_the_drawn_world_can_be_planned_on(drawing):
    from latimer.rl import policy_iteration
    from latimer.rl.grid.grid_world import GridWorld

    assert policy_iteration(GridWorld.from_text(drawing).mdp()).converged
    assert len(WORLDS) == 1
