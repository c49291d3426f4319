"""The pictures of the quickstart: the learning curve and an attention map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from latimer.engines.translator import Translation
from latimer.plots.attention import attention_map
from latimer.plots.curves import followed_by, learning_curve, read_log
from latimer.plots.figure import save_figure
from latimer.text.vocabulary.placeholders import mask, slot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_PIECES, TOO_MANY_PIECES = 24, 60
"""Pieces on one side of an attention map: a map with more is hard to read, or not drawn at all."""


def draw_learning_curve(log: Path, improved: Path | None, picture: Path, title: str) -> None:
    """Draw the log of a run, followed by that of the run that improved its best model.

    Raises LatimerError when the log is empty or matplotlib is missing.
    """
    curves = read_log(log)
    if improved is not None:
        curves = followed_by(curves, read_log(improved), "from reward")
    save_figure(learning_curve(curves, title), picture)


def draw_attention(translations: Sequence[Translation], picture: Path) -> bool:
    """Draw the attention map of one of `translations`, which were made with attention.

    False when none has a map of suitable size. Raises LatimerError when matplotlib is missing.
    """
    chosen = _most_telling(translations)
    drawn = attention_of(chosen) if chosen else None
    if drawn is None:
        return False
    save_figure(drawn, picture)
    return True


def attention_of(translation: Translation, title: str = "") -> Figure | None:
    """The attention map of one translation; None when it has none, or too large a one."""
    attention, table = translation.attention, mask(translation.source)[1]
    if attention is None or max(attention.weights.shape) > TOO_MANY_PIECES:
        return None
    source, target = _labels(attention.source, table), _labels(attention.target, table)
    title = title or "Attention of each target piece to the source"
    return attention_map(attention.weights.numpy(), source, target, title)


def _labels(pieces: Sequence[str], table: Sequence[str]) -> list[str]:
    """Readable pieces: a slot is shown as the placeholder that it stands for."""
    originals = {slot(k): original for k, original in enumerate(table)}
    return [originals.get(piece.removeprefix("▁"), piece) for piece in pieces]


def _most_telling(translations: Sequence[Translation]) -> Translation | None:
    """The translation with the largest readable map, or else the shortest one."""

    def pieces(translation: Translation) -> int:
        attention = translation.attention
        return max(len(attention.source), len(attention.target)) if attention else 0

    possible = [each for each in translations if 0 < pieces(each) <= TOO_MANY_PIECES]
    readable = [each for each in possible if pieces(each) <= MAX_PIECES]
    return max(readable, key=pieces) if readable else min(possible, key=pieces, default=None)
