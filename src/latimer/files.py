"""Files that are either whole or absent, and text that is UTF-8 or refused."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from latimer.errors import InputError, LatimerError

MAX_LINE_BYTES = 1_000_000
"""A longer line is refused: it is never a sentence, and would be read whole into memory."""


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary sibling, flush it to disk, then put it in the place of `path`.

    Raises LatimerError when the disk refuses (full, read-only); `path` is then as it was.
    """
    temporary = path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        _flush(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
        _flush(path.parent)
    except OSError as error:
        raise LatimerError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if temporary != path:
            temporary.unlink(missing_ok=True)


def write_folder_atomically(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` make a whole folder aside, then put it in the place of `folder`.

    A reader sees the old folder, for an instant none, or the new one; never a mixture.
    Raises LatimerError when the disk refuses; `folder` is then as it was.
    """
    temporary = _folder_beside(folder)
    old = temporary.with_name(temporary.name + ".old")
    try:
        fill(temporary)
        for file in temporary.rglob("*"):
            _flush(file)
        temporary.chmod(0o755)
        if folder.exists():
            folder.replace(old)
        temporary.replace(folder)
        _flush(folder.parent)
    except OSError as error:
        if old.exists() and not folder.exists():
            old.replace(folder)
        raise LatimerError(f"cannot write {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _folder_beside(folder: Path) -> Path:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise LatimerError(f"cannot write {folder}: {error.strerror or error}") from error


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def gzipped(path: Path) -> bool:
    """Whether the name says so: it ends in `.gz`, in any case."""
    return path.suffix.lower() == ".gz"


@contextmanager
def reading(path: Path, place: Callable[[], str] = lambda: "") -> Iterator[BinaryIO]:
    """A file open for reading, unpacked as it is read if it is `gzipped`.

    Raises InputError for a file that cannot be read and for a damaged gzip file, also while the
    body of the `with` statement reads. `place()` says in the message how far reading has come,
    such as `" after line 7"`.
    """
    try:
        with gzip.open(path) if gzipped(path) else path.open("rb") as file:
            yield cast("BinaryIO", file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path}: damaged gzip file{place()} ({error}); make or fetch it again"
        ) from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal; raises OSError as `open` does."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_lines(path: Path) -> Iterator[str]:
    r"""The lines of a UTF-8 text file, plain or `.gz`, without their line ends.

    Only `\n` and `\r\n` end a line, so that line numbers agree with every editor. A byte order
    mark at the start is dropped. Raises InputError naming file, line and byte for anything that
    is not UTF-8, for a NUL byte, an over-long line, a truncated gzip file or a missing file.
    """
    number = 0
    with reading(path, lambda: f" after line {number}") as file:
        while raw := file.readline(MAX_LINE_BYTES + 2):
            number += 1
            yield decode_line(raw, path, number)


def decode_line(raw: bytes, name: object, number: int) -> str:
    """One line of bytes as text; `name` and `number` are for the complaint (see `read_lines`)."""
    if len(raw) > MAX_LINE_BYTES:
        raise InputError(
            f"{name}, line {number}: longer than {MAX_LINE_BYTES:,} bytes; "
            "one sentence a line is expected"
        )
    if number == 1:
        raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name}, line {number}, byte {error.start + 1}: not UTF-8 "
            f"(0x{raw[error.start]:02x}); convert the file to UTF-8"
        ) from error
    if "\0" in text:
        byte = raw.index(b"\0") + 1
        raise InputError(f"{name}, line {number}, byte {byte}: a NUL byte; this is not a text file")
    return text.removesuffix("\n").removesuffix("\r")
