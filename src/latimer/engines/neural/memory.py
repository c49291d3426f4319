"""Whether a search fits into memory, estimated before it begins."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from latimer.errors import InputError
from latimer.nn.seq2seq import Seq2Seq
from latimer.text.vocabulary.subwords import EOS

HIDDEN = 3
"""Arrays `[rows, source_time, attention_size]` that a step holds at once, at most."""
ALONE, MIXED = 12, 48
"""Bytes for each score of a row: as the network gives it, or mixed, ruled or drawn from."""
GIGABYTE = 1e9


class Size(NamedTuple):
    """How large a search is.

    rows: prefixes that grow together; time: tokens of the source; length: of a translation at most;
    attention: whether weights are kept; mixed: whether scores pass through rules, other models or
    sampling on their way.
    """

    rows: int
    time: int
    length: int
    attention: bool = False
    mixed: bool = False


class Row(NamedTuple):
    """What a network keeps for one prefix.

    states: numbers of all its recurrent states; hidden: numbers that attention makes for each
    token of the source, at once; vocab: scores of the next token.
    """

    states: int
    hidden: int
    vocab: int


def row_of(network: nn.Module, vocab: int) -> Row:
    """How large a row of this network is, found by starting it on one token."""
    if not isinstance(network, Seq2Seq):
        return Row(0, 0, vocab)
    source = torch.full((1, 1), EOS, device=network.device)
    with torch.inference_mode():
        state = network.start(source, torch.ones_like(source[0]))
    states = sum(layer.size(1) for layer in state.layers)
    arrays = 0 if network.attention is None else HIDDEN
    return Row(states, arrays * state.memory.keys.size(2), vocab)


def needed_bytes(networks: Sequence[Row], size: Size) -> int:
    """About what a search takes at its peak, beside the weights of the networks.

    Single precision: the scores of this step and of the last, and what is made of them on the way;
    states as often as they are copied when rows move. Where scores are mixed, double precision.
    """
    scores = sum(row.vocab for row in networks) * (MIXED if size.mixed else ALONE)
    written = 32 * size.length  # tokens and where they came from
    kept = 4 * size.length * size.time if size.attention else 0
    states = 4 * 8 * sum(row.states for row in networks)
    attention = 4 * size.time * max(row.hidden + 4 for row in networks)
    return size.rows * (scores + written + kept + states + attention)


def check_memory(needed: int, device: torch.device, asked: str, lower: Iterable[str]) -> None:
    """Raises InputError when `needed` bytes are not there; `asked` names what would take them.

    `lower` names the settings that it can be made smaller by. Where it is not known how much is
    there, nothing is refused.
    """
    free = free_bytes(device)
    if free is None or needed <= free:
        return
    raise InputError(
        f"{asked}: the search would take about {needed / GIGABYTE:.1f} GB of memory, and "
        f"{free / GIGABYTE:.1f} GB are free on {device.type}; set {' or '.join(lower)} lower"
    )


def free_bytes(device: torch.device) -> int | None:
    """Memory that may still be taken on a device; None where the system does not say."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + cached
    if device.type != "cpu":
        return None
    known = [free for free in (_free_in_system(), _free_in_group()) if free is not None]
    return min(known, default=None)


def _free_in_system(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    try:
        for line in meminfo.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _free_in_group(group: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What the control group (a container's, often) leaves; pages of files are given back."""
    try:
        limit = int((group / "memory.max").read_text(encoding="ascii"))
        taken = int((group / "memory.current").read_text(encoding="ascii"))
        fields = (group / "memory.stat").read_text(encoding="ascii").split()
    except (OSError, ValueError):  # no such group, or "max"
        return None
    pages = dict(zip(fields[::2], fields[1::2], strict=False)).get("inactive_file", "0")
    return max(0, limit - taken + int(pages))
