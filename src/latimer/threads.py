"""Work shared by threads, one CPU core each.

The matrix products of a recurrent step are too small to be split well between cores, and OpenMP's
threads wait for each other by spinning, which collapses as soon as another program wants a core.
So whoever has several batches at hand gives each core a batch of its own. PyTorch releases the
interpreter's lock while it computes. Let it use one thread itself: `torch.set_num_threads(1)`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """So many threads, or none besides the caller's when one is enough."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """`work(item)` of every item, in order. Gradient mode is each thread's own."""
        return map(work, items) if self._pool is None else self._pool.map(work, items)

    def close(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()
