"""Lines in from stdin as they come, and lines out that are UTF-8 everywhere."""

from __future__ import annotations

import errno
import os
import select
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from latimer.errors import InputError, LatimerError
from latimer.files import MAX_LINE_BYTES, decode_line

_BLOCK = 1 << 16


def stdin_lines(descriptor: int = 0) -> Iterator[str | None]:
    """The lines of stdin, and None wherever no more of it is there yet.

    Raises InputError when it cannot be read, and naming line and byte as
    `latimer.files.read_lines` does.
    """
    rest, number = b"", 0
    while block := _read(descriptor):
        *whole, rest = (rest + block).split(b"\n")
        for raw in whole:
            number += 1
            yield decode_line(raw + b"\n", "stdin", number)
        if len(rest) > MAX_LINE_BYTES:
            decode_line(rest, "stdin", number + 1)  # refuses it
        if not _more_is_there(descriptor):
            yield None
    if rest:
        yield decode_line(rest, "stdin", number + 1)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _BLOCK)
    except OSError as error:
        raise InputError(f"stdin: cannot be read: {error.strerror or error}") from error


def _more_is_there(descriptor: int) -> bool:
    try:
        return bool(select.select([descriptor], [], [], 0)[0])
    except (OSError, ValueError):  # Windows can ask this of sockets only
        return False


def in_chunks(lines: Iterable[str | None], first: int, largest: int) -> Iterator[list[str]]:
    """Lists of lines, `first` lines long, then twice as many each time up to `largest`.

    A chunk ends early at a None, at the end, and before a line that cannot be read: the error
    comes after the chunk.
    """
    chunk: list[str] = []
    size = first
    try:
        for line in lines:
            if line is not None:
                chunk.append(line)
            if len(chunk) >= size or (line is None and chunk):
                yield chunk
                chunk, size = [], min(2 * size, largest)
    except InputError as error:
        if chunk:
            yield chunk
        raise error
    if chunk:
        yield chunk


@contextmanager
def open_output(path: Path | None, source: Path | None = None) -> Iterator[TextIO]:
    """A text file, or stdout, that takes UTF-8 whatever the locale.

    Raises InputError if the file being read (`source`) is `path`, or cannot be read, before
    anything is written, and LatimerError when writing fails. A reader that has gone
    (BrokenPipeError) is left to the caller.
    """
    if source is not None:
        _check_readable(source)
    if path is not None and source is not None:
        check_other("--output", path, source)
    name = "stdout" if path is None else str(path)
    try:
        with _open(path) as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise LatimerError(f"cannot write {name}: {error.strerror or error}") from error


def check_output(option: str, path: Path, *sources: Path) -> None:
    """Raises InputError if `path` is one of `sources`, or no file can be written there."""
    check_other(option, path, *sources)
    if not os.path.isdir(path.parent):
        raise InputError(f"{option} {path}: there is no folder {path.parent}; make it first")
    if os.path.isdir(path):
        raise InputError(f"{option} {path}: this is a folder; name a file")
    if not os.access(path if os.path.exists(path) else path.parent, os.W_OK):
        raise InputError(f"{option} {path}: may not be written; choose another")


def check_other(option: str, path: Path, *sources: Path) -> None:
    """Raises InputError if `path` is one of `sources`, which it would overwrite."""
    there = [source for source in sources if os.path.exists(source) and os.path.exists(path)]
    if any(path.samefile(source) for source in there):
        raise InputError(f"{option} {path}: this is the file to be read; choose another")


def _check_readable(path: Path) -> None:
    """Raises InputError for what cannot be read; does not open it, as a pipe opens but once."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.stat()
        if not os.access(path, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _open(path: Path | None) -> TextIO:
    if path is not None:
        return path.open("w", encoding="utf-8", newline="\n")
    if sys.stdout is None:
        raise LatimerError("stdout is closed; name a file with --output")
    return open(sys.stdout.fileno(), "w", encoding="utf-8", newline="\n", closefd=False)
