"""Matrix products in int8 for search on a CPU.

A weight is rounded once, with a scale for each output; its inputs at every product, with a scale
for each row (dynamic quantisation, as in Bhandare et al. 2019), a block of columns at a time. Sums
are exact 32-bit integers, so what a row becomes does not depend on the rows beside it. Everything
that is not a product with a weight stays in float32, and so do the encoder's recurrences.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from latimer.errors import InputError

LEVELS = 127
"""Values run from −127 to 127, so that negation is exact."""

BLOCK = 512
"""Inputs that share a scale, at most: states, contexts and embeddings differ in size."""

SMALLEST = 1e-30
"""In place of the scale of a row of noughts, by which nought must be divided."""

PRECISIONS = ("auto", "fp32", "int8")

M = TypeVar("M", bound=nn.Module)


def quantise(values: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of `values [rows, inner]` as int8 of the same shape, and their scales `[rows, 1]`.

    `values ≈ int8 * scale`; each is off by at most half a scale, which is the row's largest
    magnitude divided by 127. A row that holds NaN or infinity has such a scale.
    """
    scales = values.abs().amax(1, keepdim=True).clamp_(min=SMALLEST).div_(LEVELS)
    return torch.div(values, scales).round_().to(torch.int8), scales


class Int8Weight:
    """A weight `[outputs, inputs]` for `torch.nn.functional.linear`, which sees a tensor in it.

    Whatever else is done with it is done with the float32 tensor that the int8 values stand for.
    """

    def __init__(self, weight: Tensor) -> None:
        parts = [quantise(part) for part in weight.detach().float().split(BLOCK, 1)]
        self._values = [values.t().contiguous() for values, _ in parts]
        self._scales = [scales.squeeze(1) for _, scales in parts]
        self.shape, self.device, self.dtype = weight.shape, weight.device, torch.float32

    def linear(self, inputs: Tensor, bias: Tensor | None = None) -> Tensor:
        """`inputs [..., inputs]` times the weight, plus `bias [outputs]`: `[..., outputs]`."""
        rows = inputs.reshape(-1, inputs.shape[-1]).float()
        outputs = bias
        for part, values, scales in zip(
            rows.split(BLOCK, 1), self._values, self._scales, strict=True
        ):
            rounded, row_scales = quantise(part)
            # Converting first is faster than a product of mixed types.
            sums = torch._int_mm(rounded, values).float().mul_(scales)
            if outputs is None:
                outputs = sums.mul_(row_scales)
            else:
                outputs = torch.addcmul(outputs, sums, row_scales, out=sums)
        assert outputs is not None
        return outputs.view(*inputs.shape[:-1], outputs.shape[1])

    def dequantised(self) -> Tensor:
        """The float32 weight `[outputs, inputs]` that the int8 values stand for."""
        parts = zip(self._values, self._scales, strict=True)
        return torch.cat([values.t() * scales[:, None] for values, scales in parts], 1)

    def __getitem__(self, rows: Tensor) -> Tensor:
        """Rows of the float32 weight, `[…, inputs]` for `rows […]`."""
        parts = zip(self._values, self._scales, strict=True)
        return torch.cat([v.t()[rows] * scales[rows][..., None] for v, scales in parts], -1)

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
    """An argument, or a list or tuple of some, with float32 tensors for int8 weights."""
    if isinstance(argument, Int8Weight):
        return argument.dequantised()
    if isinstance(argument, list | tuple):
        return type(argument)(_dequantised(part) for part in argument)
    return argument


def in_int8(network: M) -> M:
    """A network for search that shares the parameters of `network` but multiplies in int8.

    Every matrix of a module called `decoder` or `output` is rounded, embeddings excepted and what
    is used once a sentence: bridges and the keys of attention. Only inference makes sense with it.
    """
    known = {id(tensor): tensor for tensor in chain(network.parameters(), network.buffers())}
    twin = copy.deepcopy(network, known)  # the structure only: tensors are taken as they are
    for name, part in twin.named_children():
        if name in ("decoder", "output"):
            for path, module in part.named_modules():
                if not {"bridges", "key"} & set(path.split(".")):
                    _round(module)
    return twin


def _round(module: nn.Module) -> None:
    if isinstance(module, nn.Embedding):
        return
    for name, parameter in list(module.named_parameters(recurse=False)):
        if parameter.dim() == 2:
            delattr(module, name)
            setattr(module, name, Int8Weight(parameter))


def choose_products(wanted: str, device: torch.device) -> str:
    """`fp32` or `int8` for search on `device`; for `auto`, int8 where it pays.

    Raises InputError for another name, and for int8 where its sums are not exact.
    """
    if wanted not in PRECISIONS:
        raise InputError(f"precision {wanted!r}: choose one of {', '.join(PRECISIONS)}")
    if wanted == "int8" and not int8_exact(device):
        raise InputError(
            f"precision int8: products of 8-bit integers are not exact on this {device.type}; "
            "choose fp32"
        )
    if wanted != "auto":
        return wanted
    return "int8" if int8_exact(device) and int8_pays() else "fp32"


def int8_exact(device: torch.device) -> bool:
    """Whether int8 products are exact on `device`: CPUs without instructions for it may saturate.

    Nothing but a CPU is tried.
    """
    if device.type != "cpu":
        return False
    rows = torch.full((32, 512), LEVELS, dtype=torch.int8)
    sums = torch._int_mm(rows, torch.full((512, 64), LEVELS, dtype=torch.int8))
    return bool((sums == 512 * LEVELS**2).all())


def int8_pays(gain: float = 1.5, budget: float = 0.04) -> bool:
    """Whether products in int8 are `gain` times as fast as in float32 on this CPU, by trying.

    The shape is that of a step of search, `[128, 512]` by `[512, 1536]`; each type has about
    `budget` seconds.
    """
    inputs, matrix = torch.ones(128, 512), torch.ones(1536, 512)
    rounded = Int8Weight(matrix)
    fast = _quickest(lambda: rounded.linear(inputs), budget)
    return fast * gain < _quickest(lambda: nn.functional.linear(inputs, matrix), budget)


def _quickest(work: Callable[[], object], budget: float) -> float:
    """Seconds of the quickest of the runs that fit in `budget` seconds.

    The first run is left out, unless it alone takes longer: without instructions for it, int8 is
    a hundred times slower than float32.
    """
    begun = time.perf_counter()
    work()
    best = time.perf_counter() - begun
    if best > budget:
        return best
    begun = time.perf_counter()
    while time.perf_counter() - begun < budget:
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best
