"""Weights and optimiser moments as named tensors, and the safetensors files that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from latimer.errors import InputError

Tensors = dict[str, Tensor]


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write a safetensors file; raises OSError when the disk refuses."""
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        save_file(ready, path)
    except SafetensorError as error:  # it hides the OSError of a full disk
        raise OSError(None, str(error)) from error
    path.chmod(0o644)


def read_tensors(path: Path) -> Tensors:
    """Read a safetensors file; raises InputError when it is missing, truncated or foreign."""
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    except (SafetensorError, ValueError) as error:
        raise InputError(f"{path}: truncated or not a safetensors file ({error})") from error


def weights_of(module: nn.Module) -> Tensors:
    """Parameters and buffers by name, detached; a tied one only under its first name."""
    first: dict[int, tuple[str, Tensor]] = {}
    for name, tensor in module.state_dict(keep_vars=True).items():
        first.setdefault(id(tensor), (name, tensor))
    return {name: tensor.detach() for name, tensor in first.values()}


def load_weights(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy `weights` into `module`, in place and into its own precision.

    Raises InputError when names, shapes or types are those of another network.
    """
    expected = weights_of(module)
    other = sorted(expected.keys() ^ weights.keys())
    if other:
        which = "missing" if other[0] in expected else "unknown"
        raise InputError(f"weights of another network: {which} {other[0]!r}")
    for name, tensor in expected.items():
        found = weights[name]
        if found.shape != tensor.shape:
            raise InputError(
                f"weights of another network: {name!r} has shape {tuple(found.shape)}, "
                f"{tuple(tensor.shape)} expected"
            )
        if tensor.is_floating_point() and not found.is_floating_point():
            raise InputError(f"{name!r} holds {found.dtype}, not weights")
        with torch.no_grad():
            tensor.copy_(found)


def moments_of(optimiser: torch.optim.Optimizer) -> Tensors:
    """An optimiser's tensors (moments, step counts), by `parameter number.name`."""
    return {
        f"{number}.{name}": tensor
        for number, entries in optimiser.state_dict()["state"].items()
        for name, tensor in entries.items()
    }


def load_moments(optimiser: torch.optim.Optimizer, moments: Mapping[str, Tensor]) -> None:
    """Restore what `moments_of` returned; hyperparameters stay those of `optimiser`."""
    entries: dict[int, dict[str, Any]] = {}
    for key, tensor in moments.items():
        number, name = key.split(".", 1)
        entries.setdefault(int(number), {})[name] = tensor.clone()
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": entries, "param_groups": groups})
