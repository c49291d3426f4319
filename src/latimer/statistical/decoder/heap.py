"""A binary heap of numbers with labels, the greatest first, in arrays that grow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latimer.compiled import compiled
from latimer.statistical.arrays import Floats, Longs


class Heap(NamedTuple):
    """keys, labels `[capacity]`; size `[1]`."""

    keys: Floats
    labels: Longs
    size: Longs


@compiled
def new_heap(capacity: int) -> Heap:
    """An empty heap that holds up to `capacity`."""
    return Heap(np.empty(capacity), np.empty(capacity, np.int64), np.zeros(1, np.int64))


@compiled
def grown(heap: Heap) -> Heap:
    """The same heap with twice the capacity."""
    capacity = 2 * len(heap.keys)
    keys, labels = np.empty(capacity), np.empty(capacity, np.int64)
    for place in range(heap.size[0]):
        keys[place] = heap.keys[place]
        labels[place] = heap.labels[place]
    return Heap(keys, labels, heap.size)


@compiled
def push(heap: Heap, key: float, label: int) -> None:
    """Add one; there must be room."""
    place = heap.size[0]
    heap.size[0] += 1
    while place > 0:
        above = (place - 1) // 2
        if heap.keys[above] >= key:
            break
        heap.keys[place], heap.labels[place] = heap.keys[above], heap.labels[above]
        place = above
    heap.keys[place], heap.labels[place] = key, label


@compiled
def pop(heap: Heap) -> tuple[float, int]:
    """Take the greatest out; there must be one."""
    key, label = heap.keys[0], heap.labels[0]
    heap.size[0] -= 1
    size = heap.size[0]
    last, name = heap.keys[size], heap.labels[size]
    place = 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        if below + 1 < size and heap.keys[below + 1] > heap.keys[below]:
            below += 1
        if heap.keys[below] <= last:
            break
        heap.keys[place], heap.labels[place] = heap.keys[below], heap.labels[below]
        place = below
    heap.keys[place], heap.labels[place] = last, name
    return key, label
