"""The names of the parts a network is built from, where no PyTorch is needed to know them."""

from __future__ import annotations

from typing import Literal, get_args

CellName = Literal["gru", "lstm"]
AttentionName = Literal["bahdanau"]
Tied = Literal["all", "inputs", "target", "none"]

CELLS: tuple[str, ...] = get_args(CellName)
ATTENTIONS: tuple[str, ...] = get_args(AttentionName)
