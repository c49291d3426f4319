"""The exact training state on disk, verified by checksums when it is read.

state/000007/state.json             progress, and size and SHA-256 of every file
state/000007/network.safetensors    one such file for each group of tensors

A state is written to a temporary folder, flushed, and renamed to the next number in one atomic
step; older states are deleted after that. Nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latimer.errors import InputError, LatimerError
from latimer.files import sha256_of
from latimer.tensors import Tensors, read_tensors, write_tensors

FORMAT = "latimer-state/1"
KEPT = 2
"""States kept on disk: the newest, and the one before it in case the newest is damaged."""

_FACTS, _UNFINISHED = "state.json", ".unfinished."


@dataclass(frozen=True)
class Snapshot:
    """Everything that a run needs to be resumed."""

    facts: dict[str, Any]
    """Values that JSON stores exactly: numbers, strings, lists, dictionaries."""
    tensors: dict[str, Tensors]
    """Groups of tensors, each stored in a file."""


def save_state(folder: Path, snapshot: Snapshot) -> Path:
    """Add `snapshot` to the states in `folder`, and delete those that are no longer needed.

    Raises LatimerError when the disk refuses (full, read-only); earlier states are then intact.
    """
    temporary = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = max(_numbers(folder), default=0) + 1
        temporary = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
        _fill(temporary, snapshot)
        final = folder / f"{number:06}"
        temporary.chmod(0o755)
        temporary.rename(final)
        _flush(folder)
    except OSError as error:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        raise LatimerError(
            f"cannot write the training state to {folder}: {error.strerror or error}; "
            "the state before it is intact: make room and run the same command again"
        ) from error
    _remove_old(folder)
    return final


def load_state(folder: Path) -> tuple[Snapshot, list[str]] | None:
    """The newest undamaged state, and a message about each newer one; None if there is no state.

    Raises InputError when all states are damaged.
    """
    complaints: list[str] = []
    for number in sorted(_numbers(folder), reverse=True):
        try:
            return _read(folder / f"{number:06}"), complaints
        except InputError as error:
            complaints.append(str(error))
    if complaints:
        raise InputError(
            f"{complaints[0]}; no undamaged training state is left: "
            f"remove {folder} to train from the start"
        )
    return None


def has_state(folder: Path) -> bool:
    """Whether `folder` holds a state, damaged or not."""
    return any(True for _ in _numbers(folder))


def _numbers(folder: Path) -> Iterator[int]:
    if folder.is_dir():
        yield from (int(path.name) for path in folder.iterdir() if path.name.isdecimal())


def _fill(folder: Path, snapshot: Snapshot) -> None:
    files = {}
    for group, tensors in snapshot.tensors.items():
        path = folder / f"{group}.safetensors"
        write_tensors(path, tensors)
        _flush(path)
        files[path.name] = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    content = {"format": FORMAT, "facts": snapshot.facts, "files": files}
    path = folder / _FACTS
    path.write_text(
        json.dumps({**content, "sha256": _digest(content)}, indent=1) + "\n", encoding="utf-8"
    )
    _flush(path)
    _flush(folder)


def _read(folder: Path) -> Snapshot:
    """The state in `folder`; InputError naming the file that is missing, cut or altered."""
    path = folder / _FACTS
    try:
        content = json.loads(path.read_bytes())
        claimed = content.pop("sha256")
        if content["format"] != FORMAT:
            raise InputError(
                f"{path}: a state of another version of Latimer; train in another folder"
            )
        if claimed != _digest(content):
            raise InputError(f"{path}: damaged (its checksum differs)")
        files, facts = content["files"], content["facts"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: missing, truncated or not a training state") from error
    return Snapshot(
        facts, {Path(name).stem: _read_group(folder / name, files[name]) for name in files}
    )


def _read_group(path: Path, expected: dict[str, Any]) -> Tensors:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError(f"{path}: missing") from error
    if size != expected["bytes"]:
        raise InputError(f"{path}: truncated ({size:,} bytes of {expected['bytes']:,})")
    if sha256_of(path) != expected["sha256"]:
        raise InputError(f"{path}: damaged (its checksum differs)")
    return read_tensors(path)


def _remove_old(folder: Path) -> None:
    for number in sorted(_numbers(folder))[:-KEPT]:
        shutil.rmtree(folder / f"{number:06}", ignore_errors=True)
    for path in folder.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(path, ignore_errors=True)


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
