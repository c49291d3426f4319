"""The weights of a network in a safetensors file."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from latimer.errors import InputError
from latimer.model.config import FORMAT
from latimer.model.reading import CONFIG, unreadable


def save_weights(network: nn.Module, path: Path) -> None:
    """Write every parameter and buffer once; raises OSError when the disk refuses."""
    tensors = {name: t.detach().cpu().contiguous() for name, t in _own_tensors(network).items()}
    try:
        save_file(tensors, path, metadata={"format": FORMAT})
    except SafetensorError as error:  # it hides the OSError of a full disk
        raise OSError(None, str(error)) from error
    path.chmod(0o644)


def load_weights(network: nn.Module, path: Path) -> None:
    """Copy the file's tensors into the network, in whatever precision they were stored.

    Raises InputError naming the file, and the tensor that does not fit.
    """
    try:
        found = load_file(path)
    except OSError as error:
        raise unreadable(path, error) from error
    except (SafetensorError, ValueError) as error:
        raise InputError(
            f"{path}: truncated or not a safetensors file ({error}); copy the folder again"
        ) from error
    expected = _own_tensors(network)
    other = sorted(expected.keys() ^ found.keys())
    if other:
        which = "missing" if other[0] in expected else "unknown"
        raise InputError(
            f"{path}: weights of another network: {which} {other[0]!r}; "
            f"put back the file that came with {CONFIG}"
        )
    for name, tensor in expected.items():
        _check(path, name, found[name], tensor)
        with torch.no_grad():
            tensor.copy_(found[name])


def _check(path: Path, name: str, found: Tensor, expected: Tensor) -> None:
    if found.shape != expected.shape:
        raise InputError(
            f"{path}: weights of another network: {name!r} has shape "
            f"{tuple(found.shape)}, {tuple(expected.shape)} expected; "
            f"put back the file that came with {CONFIG}"
        )
    if not found.is_floating_point() and expected.is_floating_point():
        raise InputError(
            f"{path}: {name!r} holds {found.dtype}, not weights; "
            f"put back the file that came with {CONFIG}"
        )


def _own_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name, each once, however many names a tied one has."""
    own: dict[int, tuple[str, Tensor]] = {}
    for name, tensor in network.state_dict(keep_vars=True).items():
        own.setdefault(id(tensor), (name, tensor))
    return dict(own.values())
