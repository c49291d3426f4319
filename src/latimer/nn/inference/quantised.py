"""Quantised weights for search on a CPU, with the interface of a tensor.

A network for search shares everything with the one it is made of, but for matrices that stand here
in fewer bits. Each kind of rounding is a class of its own, in `int8` and `fp16` beside this file.
"""

from __future__ import annotations

import copy
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)

PROBE = 8
_SHARP = time.get_clock_info("thread_time").resolution < 1e-6
_clock = time.thread_time if _SHARP else time.perf_counter  # what else runs should not decide


class QuantisedWeight(ABC):
    """A weight `[outputs, inputs]` for `torch.nn.functional.linear`, which sees a tensor in it.

    Whatever else is done with it is done with the float32 tensor that its values stand for.
    """

    def __init__(self, weight: Tensor) -> None:
        """Of `weight`; subclasses keep its values."""
        self.shape, self.device, self.dtype = weight.shape, weight.device, torch.float32

    @abstractmethod
    def linear(self, inputs: Tensor, bias: Tensor | None = None) -> Tensor:
        """`inputs [..., inputs]` times the weight, plus `bias [outputs]`: `[..., outputs]`."""

    @abstractmethod
    def dequantised(self) -> Tensor:
        """The float32 weight `[outputs, inputs]` that the values stand for."""

    @abstractmethod
    def __getitem__(self, rows: Tensor) -> Tensor:
        """Rows of the float32 weight, `[…, inputs]` for `rows […]`."""

    def part(self, rows: Tensor) -> QuantisedWeight:
        """The same of some outputs only, `rows [n]`."""
        return type(self)(self[rows])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # not there yet, as while being copied
            raise AttributeError(name)
        return getattr(self.dequantised(), name)

    def __len__(self) -> int:
        return self.shape[0]

    @classmethod
    def __torch_function__(
        cls,
        function: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """PyTorch's way of asking an argument that is not a tensor what to do."""
        kwargs = kwargs or {}
        if function is nn.functional.linear and not kwargs and isinstance(args[1], cls):
            return args[1].linear(args[0], *args[2:])
        named = {name: _dequantised(argument) for name, argument in kwargs.items()}
        return function(*_dequantised(args), **named)


def _dequantised(argument: Any) -> Any:
    """An argument, or a list or tuple of some, with float32 tensors for quantised weights."""
    if isinstance(argument, QuantisedWeight):
        return argument.dequantised()
    if isinstance(argument, list | tuple):
        return type(argument)(_dequantised(part) for part in argument)
    return argument


def quantised(
    network: M,
    kind: Callable[[Tensor], QuantisedWeight | None],
    parts: Sequence[str] = ("decoder", "output"),
) -> M:
    """A network for search that shares the parameters of `network` but has weights of a `kind`.

    Every matrix of the modules called one of `parts` is quantised but for embeddings and bridges.
    Where `kind` gives None for a matrix it stays as it is. Only inference makes sense with it.
    """
    known = {id(tensor): tensor for tensor in chain(network.parameters(), network.buffers())}
    twin = copy.deepcopy(network, known)  # the structure only: tensors are taken as they are
    for name, part in twin.named_children():
        if name in parts:
            for path, module in part.named_modules():
                if "bridges" not in path.split("."):
                    _quantise(module, kind)
    return twin


def _quantise(module: nn.Module, kind: Callable[[Tensor], QuantisedWeight | None]) -> None:
    if isinstance(module, nn.Embedding):
        return
    for name, parameter in list(module.named_parameters(recurse=False)):
        weight = kind(parameter.detach()) if parameter.dim() == 2 else None
        if weight is not None:
            delattr(module, name)
            setattr(module, name, weight)


def product_seconds(
    kind: Callable[[Tensor], QuantisedWeight | None] | None, rows: int, *, budget: float = 0.04
) -> float:
    """Seconds of this thread in a product of a step of search, `[rows, 512]` by `[512, 1536]`.

    The weight is of a `kind`, or in float32 without one. It has about `budget` seconds. Infinity
    where there is no such weight, and for what is far too slow, as int8 is without instructions for
    it: that is given up after two products of a few rows.
    """
    inputs, matrix = torch.ones(rows, 512), torch.ones(1536, 512)
    if kind is None:
        return quickest(lambda: nn.functional.linear(inputs, matrix), budget)
    weight = kind(matrix)
    if weight is None:
        return math.inf
    # Several times if they are quick: one may be interrupted by whatever else the machine does.
    if quickest(lambda: weight.linear(inputs[:PROBE]), budget / 8) > budget / 8:
        return math.inf
    return quickest(lambda: weight.linear(inputs), budget)


def quickest(work: Callable[[], object], budget: float) -> float:
    """Seconds of this thread in the quickest of the runs that fit in `budget` seconds.

    The first is not timed.
    """
    work()
    best, begun = math.inf, time.perf_counter()
    while best == math.inf or time.perf_counter() - begun < budget:
        start = _clock()
        work()
        best = min(best, _clock() - start)
    return best
