"""Train, dev and test, so that the scores on dev and test are honest.

Strings of one file or component are near-copies of one another, and a random split would put some
of them on either side. So whole groups are held out where pairs have groups that are small enough,
and all pairs of one source sentence elsewhere. No source sentence of dev or test stands in train,
nor one of test in dev: where one would, the held-out pair is dropped and counted.

A seeded hash of its name ranks each unit (group or sentence): which units are held out depends
neither on the order of the input nor on the target language, and little on what is added later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import inf
from typing import Literal

from latimer.errors import InputError
from latimer.formats.pair import Pair

HELD_OUT = 1000
"""Pairs of dev, and of test, unless the call says otherwise or the corpus is small."""

SMALLEST_SHARE = 20
"""By default dev and test are each at most one pair in so many."""

FULL = 0.95
"""A part made of groups is full at this fraction of its size: they rarely fit to the last pair."""


LARGEST_GROUP = (0.1, 1.0)
"""No group makes up more than this fraction of a part; the second where the first leaves too few.

One large component would decide a score by itself.
"""


@dataclass(frozen=True)
class Splitting:
    """How much is held out; a size below 1 is a share of the pairs, otherwise their number."""

    dev: float | None = None
    test: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class Split:
    """The three parts, each in the order of the input."""

    train: list[Pair]
    dev: list[Pair]
    test: list[Pair]
    by: Literal["group", "source"]
    """What is held out whole."""
    leaks: int
    """Held-out pairs that were dropped because their source stands in train (or, test, in dev)."""


def rank(unit: str, seed: int) -> int:
    """A number in [0, 2^64) for a unit: the same on every machine, for every order of the input."""
    # A file name need not be UTF-8, and stands in a string as lone surrogates then.
    name = f"{seed} {unit}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")


def split(pairs: Sequence[Pair], splitting: Splitting) -> Split:
    """Split clean pairs by group if groups of a fitting size exist, else by source sentence.

    Raises InputError when dev and test would take more than half of the pairs.
    """
    sizes = _sizes(len(pairs), splitting)
    seed = splitting.seed
    if len({pair.origin.group for pair in pairs}) >= 2:
        for largest in LARGEST_GROUP:
            parts = _hold_out(pairs, _group_or_source, sizes, seed, FULL, largest)
            have = Counter(parts.get(_group_or_source(pair)) for pair in pairs)
            if all(have[part] >= size / 2 for part, size in sizes.items()):
                return _divide(pairs, parts, _group_or_source, "group")
    parts = _hold_out(pairs, _source, sizes, seed, full=1, largest=1)
    return _divide(pairs, parts, _source, "source")


def _source(pair: Pair) -> str:
    return pair.source


def _group_or_source(pair: Pair) -> str:
    return pair.origin.group or pair.source


def _sizes(total: int, splitting: Splitting) -> dict[str, int]:
    default = max(1, min(HELD_OUT, total // SMALLEST_SHARE))
    sizes = {}
    for part, wanted in (("dev", splitting.dev), ("test", splitting.test)):
        if wanted is None:
            sizes[part] = default
        elif not 0 <= wanted < inf:
            raise InputError(f"{part}: {wanted} is neither a number of pairs nor a share")
        else:
            sizes[part] = round(wanted * total) if wanted < 1 else round(wanted)
    if sum(sizes.values()) > total / 2:
        raise InputError(
            f"dev ({sizes['dev']:,}) and test ({sizes['test']:,}) would take more than half of the "
            f"{total:,} pairs; give more text, or hold out less (0 for none)"
        )
    return sizes


def _hold_out(
    pairs: Sequence[Pair],
    unit: Callable[[Pair], str],
    sizes: dict[str, int],
    seed: int,
    full: float,
    largest: float,
) -> dict[str, str]:
    """Unit -> "dev" or "test" for each unit that is held out; `full`, `largest`: shares of it."""
    weights = _own_sources(pairs, unit)
    ranked = sorted(weights, key=lambda name: rank(name, seed))
    halves = [[name for name in ranked if rank(name, seed) % 2 == odd] for odd in (0, 1)]
    # Each part has a half of the units to itself, so that what is dev in one corpus is not test
    # in another that shares units with it; the other half is only touched when that is not enough.
    parts: dict[str, str] = {}
    for part, own, other in (("dev", halves[0], halves[1]), ("test", halves[1], halves[0])):
        free = (name for name in (*own, *reversed(other)) if name not in parts)
        chosen = list(_first_fit(free, weights, sizes[part], full, largest))
        parts |= dict.fromkeys(chosen, part)
    return parts


def _own_sources(pairs: Iterable[Pair], unit: Callable[[Pair], str]) -> Counter[str]:
    """For each unit, how many of its pairs have a source that no other unit has."""
    owner: dict[str, str | None] = {}
    names = []
    for pair in pairs:
        name = unit(pair)
        names.append((name, pair.source))
        if owner.setdefault(pair.source, name) != name:
            owner[pair.source] = None
    return Counter(name for name, source in names if owner[source] == name)


def _first_fit(
    units: Iterable[str], weights: Counter[str], size: int, full: float, largest: float
) -> Iterator[str]:
    have = 0
    for name in units:
        if have >= full * size:
            return
        if weights[name] <= max(1, largest * size) and have + weights[name] <= size:
            have += weights[name]
            yield name


def _divide(
    pairs: Sequence[Pair],
    parts: dict[str, str],
    unit: Callable[[Pair], str],
    by: Literal["group", "source"],
) -> Split:
    divided: dict[str, list[Pair]] = {"train": [], "dev": [], "test": []}
    for pair in pairs:
        divided[parts.get(unit(pair), "train")].append(pair)
    seen = {pair.source for pair in divided["train"]}
    leaks = 0
    for part in ("dev", "test"):
        novel = [pair for pair in divided[part] if pair.source not in seen]
        leaks += len(divided[part]) - len(novel)
        divided[part] = novel
        seen.update(pair.source for pair in novel)
    return Split(**divided, by=by, leaks=leaks)
