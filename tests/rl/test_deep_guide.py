"""The examples of the guide to networks run, and what they assert holds."""

import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "concepts" / "deep.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def examples():
    """Those that train take their time."""
    for code in BLOCKS:
        yield pytest.param(code, marks=pytest.mark.slow) if "import train" in code else code


@pytest.mark.parametrize("code", examples())
def test_examples_run(code):
    assert "assert" in code
    exec(compile(code, str(GUIDE), "exec"), {"__name__": "guide"})


def test_there_are_examples():
    assert BLOCKS
