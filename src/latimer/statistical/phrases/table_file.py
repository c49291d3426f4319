"""Phrase tables in a safetensors file.

The file is narrower than the table: lengths stand in the place of offsets, scores have 16 bits,
token ids and counts as many as the greatest needs, and orientations are numbers of the distinct
rows of a matrix. A table read from a file is therefore equal to the one written but for the last
digits of its logarithms.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from latimer.compiled import compiled
from latimer.errors import InputError
from latimer.statistical.arrays import Array, Ints, Longs
from latimer.statistical.phrases.phrase_table import PhraseTable
from latimer.statistical.phrases.settings import LONGEST

_KINDS = {
    "source_tokens": ("iu", 1),
    "source_lengths": ("iu", 1),
    "option_numbers": ("iu", 1),
    "target_tokens": ("iu", 1),
    "target_lengths": ("iu", 1),
    "links": ("i", 1),
    "scores": ("f", 2),
    "orientation_rows": ("f", 2),
    "orientation": ("iu", 1),
    "counts": ("iu", 1),
}
"""Of each tensor, its kinds of number and how many dimensions it has."""


def save_table(table: PhraseTable, path: Path) -> None:
    """Write a phrase table; raises OSError when the disk refuses."""
    rows, which = np.unique(
        table.orientation.astype(np.float16).view(np.uint16), axis=0, return_inverse=True
    )
    tensors = {
        "source_tokens": narrow(table.source_tokens),
        "source_lengths": narrow(np.diff(table.source_offsets)),
        "option_numbers": narrow(np.diff(table.first)),
        "target_tokens": narrow(table.target_tokens),
        "target_lengths": narrow(np.diff(table.target_offsets)),
        "links": table.links,
        "scores": table.scores.astype(np.float16),
        "orientation_rows": rows.view(np.float16),
        "orientation": narrow(which.reshape(-1)),
        "counts": narrow(table.counts),
    }
    try:
        save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, path)
    except SafetensorError as error:  # it hides the OSError of a full disk
        raise OSError(None, str(error)) from error
    path.chmod(0o644)


def narrow(numbers: Array) -> Array:
    """Whole numbers from 0 in the narrowest type that holds them all."""
    most = int(numbers.max(initial=0))
    for kind in (np.uint8, np.uint16, np.int32):
        if most <= np.iinfo(kind).max:
            return numbers.astype(kind)
    return numbers.astype(np.int64)


def load_table(path: Path, source_vocab: int, target_vocab: int) -> PhraseTable:
    """Read a phrase table whose token ids are below the sizes of the vocabularies.

    Raises InputError when the file is missing, damaged or for another vocabulary.
    """
    parts = _read(path)
    try:
        return _check(parts, source_vocab, target_vocab)
    except InputError as error:
        raise InputError(f"{path}: not a phrase table of this model: {error}") from None


def _read(path: Path) -> dict[str, Array]:
    """The tensors of a file, whatever they are."""
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path}: truncated or not a safetensors file ({error})") from error


def _check(parts: dict[str, Array], source_vocab: int, target_vocab: int) -> PhraseTable:
    """The table of the tensors; raises InputError, without the file's name, for impossible ones."""
    if other := sorted(parts.keys() ^ _KINDS.keys()):
        which = "missing" if other[0] in _KINDS else "unknown"
        raise InputError(f"{which} tensor {other[0]!r}")
    for name, (kinds, dimensions) in _KINDS.items():
        if parts[name].dtype.kind not in kinds or parts[name].ndim != dimensions:
            raise InputError(f"{name} has type {parts[name].dtype} and shape {parts[name].shape}")
    source_offsets = _offsets(parts, "source_lengths", len(parts["source_tokens"]))
    first = _offsets(parts, "option_numbers", len(parts["counts"]), most=None)
    target_offsets = _offsets(parts, "target_lengths", len(parts["target_tokens"]))
    options = len(parts["counts"])
    for name, wanted in (
        ("option_numbers", (len(source_offsets) - 1,)),
        ("target_lengths", (options,)),
        ("links", (len(parts["target_tokens"]),)),
        ("scores", (options, 4)),
        ("orientation_rows", (len(parts["orientation_rows"]), 6)),
        ("orientation", (options,)),
    ):
        if parts[name].shape != wanted:
            raise InputError(f"{name} has shape {parts[name].shape}, {wanted} expected")
    _within(parts, "source_tokens", 0, source_vocab - 1)
    _within(parts, "target_tokens", 0, target_vocab - 1)
    _within(parts, "orientation", 0, len(parts["orientation_rows"]) - 1)
    _within(parts, "counts", 1, np.iinfo(np.int32).max)
    for name in ("scores", "orientation_rows"):
        if not np.isfinite(parts[name]).all():
            raise InputError(f"{name} holds numbers that are not finite")
    lengths = np.repeat(parts["source_lengths"].astype(np.int64), parts["option_numbers"])
    most = np.repeat(lengths, parts["target_lengths"])
    if ((parts["links"] < -1) | (parts["links"] >= most)).any():
        raise InputError("a link points outside its phrase")
    source_tokens = parts["source_tokens"].astype(np.int32)
    if not in_order(source_tokens, source_offsets):
        raise InputError("its phrases are not in order")
    return PhraseTable(
        source_tokens,
        source_offsets,
        first,
        parts["target_tokens"].astype(np.int32),
        target_offsets,
        parts["scores"].astype(np.float32),
        parts["orientation_rows"].astype(np.float32)[parts["orientation"]],
        parts["counts"].astype(np.int32),
        parts["links"].astype(np.int8),
    )


def _offsets(parts: dict[str, Array], name: str, total: int, most: int | None = LONGEST) -> Longs:
    """Where things of these lengths begin; all lengths are at least 1, and sum to `total`."""
    _within(parts, name, 1, total if most is None else most)
    offsets = np.zeros(len(parts[name]) + 1, np.int64)
    np.cumsum(parts[name], out=offsets[1:], dtype=np.int64)
    if offsets[-1] != total:
        raise InputError(f"{name} sum to {offsets[-1]:,}, {total:,} expected")
    return offsets


def _within(parts: dict[str, Any], name: str, least: int, most: int) -> None:
    """Raise InputError unless all numbers of a tensor are within bounds."""
    numbers = parts[name]
    if len(numbers) and not least <= int(numbers.min()) <= int(numbers.max()) <= most:
        found = int(numbers.min()) if int(numbers.min()) < least else int(numbers.max())
        raise InputError(f"{name} holds {found:,}, {least:,} to {most:,} expected")


@compiled
def in_order(tokens: Ints, offsets: Longs) -> bool:
    """Whether phrases are in lexicographic order, all distinct."""
    for row in range(1, len(offsets) - 1):
        before, begin, end = offsets[row - 1], offsets[row], offsets[row + 1]
        k = 0
        while before + k < begin and begin + k < end and tokens[before + k] == tokens[begin + k]:
            k += 1
        if begin + k == end or (before + k < begin and tokens[before + k] > tokens[begin + k]):
            return False
    return True
