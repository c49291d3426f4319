"""Attention, a file each: which source positions a step reads."""

from collections.abc import Callable

from latimer.nn.attention.attention import AttentionAfter, AttentionPass
from latimer.nn.attention.bahdanau import BahdanauAttention
from latimer.nn.attention.concat import ConcatAttention
from latimer.nn.attention.coverage import CoverageAttention
from latimer.nn.attention.dot import DotAttention
from latimer.nn.attention.general import GeneralAttention
from latimer.nn.attention.local import LocalAttention

BEFORE: dict[str, type[BahdanauAttention]] = {
    "bahdanau": BahdanauAttention,
    "coverage": CoverageAttention,
}
"""Attentions that are read before the recurrence, by their names in a recipe."""

AFTER: dict[str, Callable[..., AttentionAfter]] = {
    "luong_dot": DotAttention,
    "luong_general": GeneralAttention,
    "luong_concat": ConcatAttention,
    "luong_local": LocalAttention,
}
"""Attentions that are read after the recurrence, by their names in a recipe."""

__all__ = ["AFTER", "BEFORE", "AttentionAfter", "AttentionPass", "BahdanauAttention"]
