"""Links of a corpus in a safetensors file, without its words."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from latimer.statistical.alignment.links import Links
from latimer.statistical.array_files import read_arrays, refuse, write_arrays
from latimer.statistical.phrases.table_file import narrow


def save_links(links: Links, path: Path) -> None:
    """Write a safetensors file; raises OSError when the disk refuses."""
    write_arrays(
        path,
        {
            "counts": narrow(np.diff(links.offsets)),
            "sources": narrow(links.sources),
            "targets": narrow(links.targets),
        },
    )


def load_links(path: Path) -> Links:
    """Read what `save_links` wrote; raises InputError for a damaged file."""
    arrays = read_arrays(path)
    for name in ("counts", "sources", "targets"):
        if name not in arrays or arrays[name].ndim != 1 or arrays[name].dtype.kind not in "iu":
            raise refuse(path, f"{name} is missing, or no list of whole numbers")
    counts, sources, targets = (
        arrays[name].astype(np.int64) for name in ("counts", "sources", "targets")
    )
    if len(sources) != len(targets) or counts.sum() != len(sources):
        raise refuse(path, "numbers of links that do not fit")
    if any(part.min(initial=0) < 0 for part in (counts, sources, targets)):
        raise refuse(path, "a negative position")
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return Links(offsets, sources.astype(np.int32), targets.astype(np.int32))
