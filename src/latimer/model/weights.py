"""The weights of a network in the safetensors file of a model folder."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from latimer import tensors
from latimer.errors import InputError
from latimer.model.reading import CONFIG


def save_weights(network: nn.Module, path: Path) -> None:
    """Write every parameter and buffer once; raises OSError when the disk refuses."""
    tensors.write_tensors(path, tensors.weights_of(network))


def load_weights(network: nn.Module, path: Path) -> None:
    """Copy the file's tensors into the network, in whatever precision they were stored.

    Raises InputError naming the file, and the tensor that does not fit.
    """
    try:
        weights = tensors.read_tensors(path)
    except InputError as error:
        raise InputError(f"{error}; copy the whole model folder again") from error
    try:
        tensors.load_weights(network, weights)
    except InputError as error:
        raise InputError(f"{path}: {error}; put back the file that came with {CONFIG}") from error
