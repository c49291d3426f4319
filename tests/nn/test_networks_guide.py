"""The guide's examples run, one after the other, and what they assert holds."""

import re
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "concepts" / "networks.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_examples_run():
    space = {"__name__": "guide"}
    for code in BLOCKS:
        exec(compile(code, str(GUIDE), "exec"), space)


def test_every_example_asserts():
    assert len(BLOCKS) >= 8
    assert sum("assert" in code for code in BLOCKS) == len(BLOCKS)
