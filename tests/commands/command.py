"""The real command: quickly inside this process, or in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

from latimer.cli import main

LATIMER = str(Path(sys.executable).with_name("latimer"))


class Run(NamedTuple):
    """What a command printed, as bytes, and how it ended."""

    returncode: int
    stdout: bytes
    stderr: bytes


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "LC_ALL": "C"}


def in_process(*arguments: object, stdin: bytes = b"") -> Run:
    """`latimer` in a process of its own: seconds, for what only a process shows."""
    run = subprocess.run(
        [LATIMER, *map(str, arguments)], input=stdin, capture_output=True,
        env=environment(), check=False, timeout=120,
    )  # fmt: skip
    return Run(run.returncode, run.stdout, run.stderr)


def latimer(*arguments: object, stdin: bytes = b"") -> Run:
    """`latimer` as `latimer.cli.main` runs it, on real file descriptors, without a new Python."""
    before = sys.argv, sys.stdout, sys.stderr
    real_stdin = os.dup(0)
    with tempfile.TemporaryFile() as given, _text() as out, _text() as err:
        given.write(stdin)
        given.seek(0)
        os.dup2(given.fileno(), 0)
        sys.argv, sys.stdout, sys.stderr = ["latimer", *map(str, arguments)], out, err
        try:
            main()
            code = 0
        except SystemExit as leaving:
            code = leaving.code or 0
        finally:
            sys.argv, sys.stdout, sys.stderr = before
            os.dup2(real_stdin, 0)
            os.close(real_stdin)
        return Run(code, _content(out), _content(err))


class TextRun(NamedTuple):
    """What a command printed, as text, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def latimer_in(folder: Path, *arguments: object) -> TextRun:
    """`latimer` in a working directory, without a new Python."""
    with chdir(folder):
        run = latimer(*arguments)
    return TextRun(run.returncode, run.stdout.decode(), run.stderr.decode())


def _text():
    return tempfile.TemporaryFile("w+", encoding="ascii")


def _content(file) -> bytes:
    file.flush()
    file.buffer.seek(0)
    return file.buffer.read()


def complaint(run: Run, code: int) -> str:
    """The one line of an error, once it is known to be one line with the right exit code."""
    message = run.stderr.decode()
    assert run.returncode == code, message
    assert message.count("\n") == 1, message
    assert message.startswith("latimer: ")
    return message
