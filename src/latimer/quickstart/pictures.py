"""The two pictures: how the model learnt, and what it looks at while it translates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from latimer.engines.translator import Translation
from latimer.plots.attention import attention_map
from latimer.plots.curves import learning_curve, read_log
from latimer.plots.figure import save_figure
from latimer.text.placeholders import mask, slot

MAX_PIECES, TOO_MANY_PIECES = 24, 60
"""A map with more pieces on one side is not easily read; or is not drawn at all."""


def draw_learning_curve(log: Path, picture: Path, title: str) -> None:
    """Draw the run's log. Raises LatimerError when it is empty or matplotlib is missing."""
    save_figure(learning_curve(read_log(log), title), picture)


def draw_attention(translations: Sequence[Translation], picture: Path) -> bool:
    """Draw the attention in the most telling of `translations`, which were made with attention.

    False when there is none that fits. Raises LatimerError when matplotlib is missing.
    """
    chosen = _most_telling(translations)
    if chosen is None or chosen.attention is None:
        return False
    attention, table = chosen.attention, mask(chosen.source)[1]
    source, target = _labels(attention.source, table), _labels(attention.target, table)
    title = "What was read as each piece was written"
    save_figure(attention_map(attention.weights.numpy(), source, target, title), picture)
    return True


def _labels(pieces: Sequence[str], table: Sequence[str]) -> list[str]:
    """Readable pieces: a slot is shown as the placeholder that it stands for."""
    originals = {slot(k): original for k, original in enumerate(table)}
    return [originals.get(piece.removeprefix("▁"), piece) for piece in pieces]


def _most_telling(translations: Sequence[Translation]) -> Translation | None:
    """The one with the most pieces that still makes a readable map, or else the shortest."""

    def pieces(translation: Translation) -> int:
        attention = translation.attention
        return max(len(attention.source), len(attention.target)) if attention else 0

    possible = [each for each in translations if 0 < pieces(each) <= TOO_MANY_PIECES]
    readable = [each for each in possible if pieces(each) <= MAX_PIECES]
    return max(readable, key=pieces) if readable else min(possible, key=pieces, default=None)
