"""Draw `search-curse.png` from the figures of `docs/results/data/search-errors.json`.

python docs/images/draw_search.py
"""

from __future__ import annotations

import json
from pathlib import Path

from latimer.analysis.search_errors import Found
from latimer.plots.figure import save_figure
from latimer.plots.search import draw_search

HERE = Path(__file__).parent


def main() -> None:
    """Read, draw, write."""
    rows = json.loads((HERE.parent / "results/data/search-errors.json").read_bytes())["rows"]
    found = [
        Found(
            beam=None if name == "exact" else int(name.replace("greedy", "beam 1").split()[1]),
            errors=errors / 100, bleu=bleu, length_ratio=length, empty=empty / 100,
            short=short / 100, seconds=seconds, peak_megabytes=0.0,
        )
        for name, errors, bleu, length, empty, short, seconds in rows
    ]  # fmt: skip
    save_figure(draw_search(found, "log P without normalisation"), HERE / "search-curse.png")


if __name__ == "__main__":
    main()
