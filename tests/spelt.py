"""A small vocabulary of pieces for tests: awkward ones, few letters, so that words repeat."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from hypothesis import strategies as st
from torch import Tensor

SPELLINGS = [
    "",
    " a",
    "a",
    "b",
    " b",
    " ab",
    "ba",
    " ",
    "",
    "c d",
    "d ",
    "\u00a0",
    " a\u3000a",
    ",",
]


class Alphabet:
    """What `Subwords` is to rewards, for tokens that spell what a list says."""

    def __init__(self, spellings: Sequence[str] = SPELLINGS) -> None:
        self.list = list(spellings)

    def spellings(self) -> list[str]:
        return self.list

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self.list[int(id)] for id in ids)


def padded(rows: Sequence[Sequence[int]], filler: int = 1) -> tuple[Tensor, Tensor]:
    """Token ids `[rows, time]` and lengths."""
    wide = max(1, *(len(row) for row in rows))
    tokens = torch.tensor([[*row, *[filler] * (wide - len(row))] for row in rows])
    return tokens, torch.tensor([len(row) for row in rows])


def sentences(most: int = 12) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, len(SPELLINGS) - 1), max_size=most)


def pairs(most: int = 12) -> st.SearchStrategy[list[tuple[list[int], list[int]]]]:
    """Hypotheses and references."""
    return st.lists(st.tuples(sentences(most), sentences(most)), min_size=1, max_size=4)
