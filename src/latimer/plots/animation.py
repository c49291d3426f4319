"""Animated GIFs from figures."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latimer.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MILLISECONDS = 120
LAST = 2000
"""How long the last picture stays."""


def save_animation(figures: Iterable[Figure], path: Path) -> None:
    """Write the figures, all of one size, as a GIF that begins again for ever."""
    from PIL import Image

    pictures: list[Any] = []
    for figure in figures:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=90)
        image = Image.open(buffer).convert("RGB")
        pictures.append(image.quantize(128, dither=Image.Dither.NONE))
    first, *others = pictures
    durations = [MILLISECONDS] * len(others) + [LAST]
    content = io.BytesIO()
    first.save(
        content, format="GIF", save_all=True, append_images=others, duration=durations, loop=0,
        optimize=False,
    )  # fmt: skip

    def write(temporary: Path) -> None:
        temporary.write_bytes(content.getvalue())

    write_atomically(path, write)
