"""Compiling where nothing can be written."""

from __future__ import annotations

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
