"""Lines in from stdin as they come, and lines out that are UTF-8 everywhere."""

from __future__ import annotations

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

    Raises InputError naming line and byte as `latimer.files.read_lines` does.
    """
    rest, number = b"", 0
    while block := os.read(descriptor, _BLOCK):
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

    Raises InputError if `path` is the file being read (`source`), and LatimerError when writing
    fails. A reader that has gone (BrokenPipeError) is left to the caller.
    """
    if path is not None and source is not None and path.exists() and path.samefile(source):
        raise InputError(f"--output {path}: this is the file to be read; choose another")
    name = "stdout" if path is None else str(path)
    try:
        with _open(path) as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise LatimerError(f"cannot write {name}: {error.strerror or error}") from error


def _open(path: Path | None) -> TextIO:
    if path is not None:
        return path.open("w", encoding="utf-8", newline="\n")
    if sys.stdout is None:
        raise LatimerError("stdout is closed; name a file with --output")
    return open(sys.stdout.fileno(), "w", encoding="utf-8", newline="\n", closefd=False)
