"""Compiled functions on disk."""

from __future__ import annotations

import os
import subprocess
import sys

import numba

from latimer import compiled as module


def test_without_a_folder_for_the_cache_it_compiles_all_the_same(monkeypatch):
    def refusing(*, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(**options)

    monkeypatch.setattr(module, "njit", refusing)
    double = module.compiled(lambda x: 2 * x)
    assert double(21) == 42
    assert double.signatures


def test_a_cache_of_another_version_is_made_anew(tmp_path):
    """The index of the cache names classes; an update may have renamed them."""
    code = """
from typing import NamedTuple
from latimer.compiled import compiled
class {name}(NamedTuple):
    one: int
@compiled
def double(pair):
    return 2 * pair.one
print(double({name}(21)))
"""
    for name in ("Before", "After", "After"):
        (tmp_path / "module.py").write_text(code.format(name=name), "utf-8")
        run = subprocess.run(
            [sys.executable, "-c", "import module"], cwd=tmp_path, capture_output=True,
            check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert run.stdout == b"42\n", run.stderr.decode()
