"""A second device without a second processor: tensors that live `elsewhere`.

Their values lie in ordinary memory, but PyTorch takes them for another device's: an operation that
is given tensors of both places is refused, as a GPU would refuse it, and what a device computes is
computed by the CPU, so that results can be compared bit by bit.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, library
from torch.utils import backend_registration
from torch.utils._pytree import tree_leaves, tree_map_only

NAME = "elsewhere"
AVAILABLE = hasattr(backend_registration, "_setup_privateuseone_for_python_backend")
"""Whether this version of PyTorch lets Python be a device."""
_FACTORIES = (
    "arange", "arange.start", "arange.start_step", "randperm", "randperm.generator", "eye", "eye.m",
)  # fmt: skip
"""What PyTorch makes by resizing an empty tensor, which one around another cannot be."""
_MOVES = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)
_INDEXED = (
    torch.ops.aten.index.Tensor,
    torch.ops.aten.index_put.default,
    torch.ops.aten.index_put_.default,
    torch.ops.aten._index_put_impl_.default,
)
"""A GPU takes the indices of these from the CPU, too."""

operations = 0
"""How many the device has computed."""


class Elsewhere(Tensor):
    """A tensor of the device, around the one that holds its values."""

    here: Tensor

    @staticmethod
    def __new__(cls, here: Tensor) -> Elsewhere:
        assert not isinstance(here, Elsewhere)
        with torch.inference_mode(here.is_inference()):
            made = Tensor._make_wrapper_subclass(
                cls,
                here.shape,
                strides=here.stride(),
                storage_offset=here.storage_offset(),
                dtype=here.dtype,
                device=torch.device(NAME, 0),
            )
        made.here = here
        return made

    def __init__(self, here: Tensor) -> None: ...

    def tolist(self) -> Any:
        return self.here.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        raise TypeError("can't convert a tensor of another device to numpy")

    def new_tensor(self, data: Any, *, dtype: torch.dtype | None = None, **_: Any) -> Tensor:
        return torch.tensor(data, dtype=dtype or self.dtype).to(self.device)

    def __repr__(self, **_: Any) -> str:
        return f"Elsewhere({self.here!r})"

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if function._can_decompose():
            return function.decompose(*args, **(kwargs or {}))
        return run(function, args, kwargs or {})


def run(function: Any, args: Any, kwargs: Any) -> Any:
    """Compute one operation of the device; raises RuntimeError when the CPU's tensors take part.

    As on a GPU, those of no dimension may, and those of others where values are moved.
    """
    global operations
    operations += 1
    tensors = [value for value in tree_leaves((args, kwargs)) if isinstance(value, Tensor)]
    ours = [value for value in tensors if isinstance(value, Elsewhere)]
    others = [value for value in tensors if not isinstance(value, Elsewhere)]
    if ours and any(value.dim() for value in others) and function not in _MOVES + _INDEXED:
        raise RuntimeError(f"{function}: tensors on {NAME} and on the CPU")
    inner_args, inner = tree_map_only(Elsewhere, lambda value: value.here, (args, kwargs))
    asked = inner.get("device")
    if asked is not None:
        inner["device"] = torch.device("cpu")
    result = function(*inner_args, **inner)
    if asked is not None and torch.device(asked).type != NAME:
        return result
    known = {id(value): value for value in others} | {id(value.here): value for value in ours}

    def leave(value: Tensor) -> Tensor:
        same = known.get(id(value))
        if same is None:
            return Elsewhere(value)
        if (same.shape, same.stride()) != (value.shape, value.stride()):
            raise RuntimeError(f"{function} changes the shape of a tensor in place")
        return same

    return tree_map_only(Tensor, leave, result)


def _fallback(function: Any, *args: Any, **kwargs: Any) -> Any:
    return run(function, args, kwargs)


class _Module(backend_registration._DummyBackendModule):
    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


def register() -> None:
    """Make the device known to this process: before any backward pass, which counts the devices."""
    if not AVAILABLE or _libraries:
        return
    backend_registration._setup_privateuseone_for_python_backend(NAME, _Module())
    everything = library.Library("_", "IMPL", "PrivateUse1")
    everything.fallback(_fallback)
    factories = library.Library("aten", "IMPL", "PrivateUse1")
    for name in _FACTORIES:
        operation, _, overload = name.partition(".")
        function = getattr(getattr(torch.ops.aten, operation), overload or "default")
        factories.impl(name, partial(_fallback, function))
    _libraries.extend([everything, factories])


def install(monkeypatch: Any) -> None:
    """Let a test use the device as any other, until `monkeypatch` is undone."""
    for name, value in _replacements().items():
        monkeypatch.setattr(torch, name, value)
    monkeypatch.setattr(torch.__future__, "_swap_module_params_on_conversion", True)


_libraries: list[Any] = []


def _replacements() -> dict[str, Any]:
    """What of the module `torch` builds on the device without its dispatcher, to be replaced."""

    def moved(make: Any) -> Any:
        def made(data: Any, *, device: Any = None, **kwargs: Any) -> Tensor:
            result: Tensor = data if isinstance(data, Elsewhere) else make(data, **kwargs)
            return result.to(device=device, **kwargs)

        return made

    make_generator = torch.Generator

    class Generator:
        def __new__(cls, device: Any = "cpu") -> Any:
            return make_generator("cpu" if torch.device(device).type == NAME else device)

    return {
        "tensor": moved(torch.tensor),
        "as_tensor": moved(torch.as_tensor),
        "Generator": Generator,
    }
