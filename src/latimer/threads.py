"""Work shared by threads, one CPU core each.

The matrix products of a recurrent step are too small to be split well between cores, and OpenMP's
threads wait for each other by spinning, which collapses as soon as another program wants a core.
So whoever has several batches at hand gives each core a batch of its own. PyTorch releases the
interpreter's lock while it computes, and is made to use one thread itself by `one_thread`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from threading import Event, Lock, Thread
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_setting = Lock()


def available_cores() -> int:
    """How many cores this process may use, by its affinity and the limits of its cgroups.

    A part of a core counts as one.
    """
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    limit = cgroup_limit(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
    return cores if limit >= cores else math.ceil(limit)


def cgroup_limit(listing: Path, root: Path) -> float:
    """The cores' worth of time that Linux gives the control groups of a process, or infinity.

    `listing` is the process's file `cgroup` in /proc, `root` where groups are mounted. A group is
    held to the limits of all above it as well, so the tightest counts: version 2 has them in
    `cpu.max`, version 1 in `cpu.cfs_quota_us` and `cpu.cfs_period_us`. In a container `root` may be
    the process's own group, while `listing` has its name outside. What cannot be read is no limit.
    """
    return min((_limit(folder) for folder in _groups(_read(listing), root)), default=math.inf)


def _groups(listing: str, root: Path) -> Iterator[Path]:
    """Folders that may limit a process with this listing, in lines `number:controllers:path`."""
    for line in listing.splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        own = PurePosixPath(path.lstrip("/"))
        for place in (controllers, "cpu" if controllers else "unified"):
            yield from (root / place / folder for folder in (own, *own.parents))


def _limit(group: Path) -> float:
    """Cores of one group, by either version."""
    quota, period = [*_read(group / "cpu.max").split(), "", ""][:2]
    if not quota:
        quota, period = (_read(group / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
    try:
        cores = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):  # "max", or nothing there
        return math.inf
    return cores if cores > 0 else math.inf  # -1: no quota


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def threads_for(device: str) -> int:
    """Threads that share the work for a device of this type: one for each core of a CPU, or one."""
    return available_cores() if device == "cpu" else 1


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch uses one thread for what the calling thread does here; then as many as before.

    A context, or a decorator of functions. Other threads keep their number, and so do those that
    begin meanwhile; several threads may be in such contexts.
    """
    import torch

    before = torch.get_num_threads()
    try:
        _set_here(1)
        yield
    finally:
        _set_here(before)


def _set_here(count: int) -> None:
    """`torch.set_num_threads` for the calling thread alone.

    PyTorch sets the calling thread's number, and the one that threads have when they first use it.
    So a thread that is new learns the latter before, and sets it again after.
    """
    import torch

    if torch.get_num_threads() == count:
        return
    known, done = Event(), Event()

    def keep() -> None:
        usual = torch.get_num_threads()
        known.set()
        done.wait()
        torch.set_num_threads(usual)

    with _setting:
        keeper = Thread(target=keep, name="latimer-keeper")
        keeper.start()
        try:
            known.wait()
            torch.set_num_threads(count)
        finally:
            done.set()
            keeper.join()


class Pool:
    """So many threads, or none besides the caller's when one is enough.

    PyTorch uses one thread in each of its own; for the caller's see `one_thread`.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = (
            ThreadPoolExecutor(threads, initializer=_set_here, initargs=(1,))
            if threads > 1
            else None
        )

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """`work(item)` of every item, in order. Gradient mode is each thread's own."""
        return map(work, items) if self._pool is None else self._pool.map(work, items)

    def close(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()

    def __enter__(self) -> Pool:
        """A context that ends with `close`."""
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
