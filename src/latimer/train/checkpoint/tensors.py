"""Weights and optimiser moments as named tensors, and files of them."""

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


def read_tensors(path: Path) -> Tensors:
    """Read a safetensors file; raises InputError when it is missing, truncated or foreign."""
    try:
        return load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as tensors: {error}") from error


def weights_of(module: nn.Module) -> Tensors:
    """Parameters and buffers by name, each once, however many names a tied one has."""
    own: dict[int, tuple[str, Tensor]] = {}
    for name, tensor in module.state_dict(keep_vars=True).items():
        own.setdefault(id(tensor), (name, tensor))
    return {name: tensor.detach() for name, tensor in own.values()}


def load_weights(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy `weights` into `module`, in place.

    Raises InputError when names or shapes are those of another network.
    """
    own = weights_of(module)
    for name in sorted(own.keys() ^ weights.keys()):
        raise InputError(f"weights of another network: {name!r} is in only one of them")
    with torch.no_grad():
        for name, tensor in own.items():
            if tensor.shape != weights[name].shape:
                raise InputError(f"weights of another network: {name!r} has another shape")
            tensor.copy_(weights[name])


def moments_of(optimiser: torch.optim.Optimizer) -> Tensors:
    """An optimiser's tensors (moments, step counts), by parameter number and name."""
    return {
        f"{number}.{name}": tensor
        for number, entries in optimiser.state_dict()["state"].items()
        for name, tensor in entries.items()
    }


def load_moments(optimiser: torch.optim.Optimizer, moments: Mapping[str, Tensor]) -> None:
    """Put back what `moments_of` took; hyperparameters stay those of `optimiser`."""
    entries: dict[int, dict[str, Any]] = {}
    for key, tensor in moments.items():
        number, name = key.split(".", 1)
        entries.setdefault(int(number), {})[name] = tensor.clone()
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": entries, "param_groups": groups})
