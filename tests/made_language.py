"""A small made-up pair of languages that is learnt in seconds: word for word, verb last."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

THINGS = {"lamp": "lumo", "door": "pordo", "pump": "pumpo", "clock": "horlo", "fan": "ventol"}
DEEDS = {"opens": "malfer", "stops": "halt", "starts": "komenk", "hums": "zuma"}
PLACES = {"kitchen": "kuir", "garden": "garten", "hall": "halo", "attic": "tegment"}
SIZES = {"small": "eta", "big": "ega", "old": "olda", "new": "nova"}


def sentences(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """`count` different pairs, some with a placeholder."""
    made = []
    for size, thing, deed, place, named in itertools.product(
        SIZES, THINGS, DEEDS, PLACES, (False, True)
    ):
        name, tail = (" {name}", " {name}") if named else ("", "")
        made.append(
            (
                f"The {size} {thing}{name} {deed} in the {place}.",
                f"La {SIZES[size]} {THINGS[thing]}{tail} en {PLACES[place]} {DEEDS[deed]}.",
            )
        )
    random.Random(seed).shuffle(made)
    return made[:count]


def write_tsv(path: Path, count: int = 640) -> Path:
    """A table of the first `count` pairs."""
    path.write_text("".join(f"{a}\t{b}\n" for a, b in sentences(count)), encoding="utf-8")
    return path


def write_text(folder: Path, count: int = 640) -> tuple[Path, Path]:
    """Two text files, `made.en` and `made.xx`."""
    source, target = folder / "made.en", folder / "made.xx"
    pairs = sentences(count)
    source.write_text("".join(f"{a}\n" for a, _ in pairs), encoding="utf-8")
    target.write_text("".join(f"{b}\n" for _, b in pairs), encoding="utf-8")
    return source, target


def components(count: int, code: str) -> dict[str, dict[str, object]]:
    """Twenty pairs for each of `count` components, as `generated.write_wheel` takes them."""
    pairs = sentences(20 * count)
    return {
        f"made{number}": {
            language: {"config": {f"key{k}": pair[side] for k, pair in enumerate(mine)}}
            for side, language in enumerate(("en", code))
        }
        for number in range(count)
        for mine in [pairs[20 * number : 20 * (number + 1)]]
    }
