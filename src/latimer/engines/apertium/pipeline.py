"""The programs of a mode as child processes, kept running from text to text."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
import weakref
from collections.abc import Sequence
from pathlib import Path

_BLOCK = 1 << 16
_PATIENCE = 5.0
"""Seconds that the programs have to end by themselves once their input has ended."""


class PipelineError(Exception):
    """The programs ended, or wrote nothing for too long; the message says which.

    What they have written by then is worth nothing: programs behind one that died end as usual.
    """


class Pipeline:
    """Programs that pass texts on from one to the next, a null character behind each text."""

    def __init__(self, commands: Sequence[Sequence[str]], timeout: float) -> None:
        """Starts the programs; `timeout` is in seconds, of silence. Raises OSError."""
        self._timeout = timeout
        self._programs = [Path(command[0]).name for command in commands]
        self._children = _start(commands)
        self._input, self._output = self._children[0].stdin, self._children[-1].stdout
        assert self._input is not None
        assert self._output is not None
        os.set_blocking(self._input.fileno(), False)
        self._end = weakref.finalize(self, _end, self._children)

    def translate(self, texts: Sequence[str]) -> list[str]:
        """An output for each text, in order. All texts are written while outputs are read.

        Raises PipelineError when a program ends, or nothing comes for `timeout` seconds.
        """
        waiting = memoryview(b"".join(text.encode() + b"\0" for text in texts))
        got = bytearray()
        with selectors.DefaultSelector() as ready:
            ready.register(self._output, selectors.EVENT_READ)  # type: ignore[arg-type]
            if waiting:
                ready.register(self._input, selectors.EVENT_WRITE)  # type: ignore[arg-type]
            last, count = time.monotonic(), 0
            while count < len(texts):
                events = ready.select(max(0.0, last + self._timeout - time.monotonic()))
                if not events:
                    raise PipelineError(
                        f"Apertium's programs have written nothing for {self._timeout:g} s"
                    )
                for key, _ in events:
                    if key.fileobj is self._input:
                        waiting = self._write(waiting)
                        if not waiting:
                            ready.unregister(self._input)
                        continue
                    block = os.read(key.fd, _BLOCK)
                    if not block:
                        raise PipelineError(self._which_ended())
                    got += block
                    count += block.count(b"\0")
                    last = time.monotonic()
        return [one.decode("utf-8", "replace") for one in bytes(got).split(b"\0")[:-1]]

    def close(self) -> None:
        """End the programs and wait for them."""
        self._end()

    def _write(self, waiting: memoryview) -> memoryview:
        try:
            return waiting[os.write(self._input.fileno(), waiting[:_BLOCK]) :]  # type: ignore[union-attr]
        except BlockingIOError:
            return waiting
        except BrokenPipeError:
            raise PipelineError(self._which_ended()) from None

    def _which_ended(self) -> str:
        """The program that ended by a signal or with an error, before those that only followed."""
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline and not any(one.poll() for one in self._children):
            time.sleep(0.01)
        codes = [child.poll() for child in self._children]
        for program, code in zip(self._programs, codes, strict=True):
            if code:
                how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
                return f"Apertium's {program} {how}"
        return "Apertium's programs ended"


def _start(commands: Sequence[Sequence[str]]) -> list[subprocess.Popen[bytes]]:
    """The programs, each reading what the one before writes; all or none are left running."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    children: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            before = children[-1].stdout if children else subprocess.PIPE
            children.append(
                subprocess.Popen(
                    list(command),
                    stdin=before,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=environment,
                    bufsize=0,
                )
            )
            if len(children) > 1:
                children[-2].stdout.close()  # type: ignore[union-attr]
    except OSError:
        _end(children)
        raise
    return children


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """End the input, wait a while for the programs to follow it, and kill those that have not."""
    for stream in (children[0].stdin, children[-1].stdout) if children else ():
        if stream is not None:
            stream.close()
    deadline = time.monotonic() + _PATIENCE
    for child in children:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
