"""Errors of the library, which name settings, told with the options that set them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from latimer.errors import InputError


@contextmanager
def options_for(*settings: str) -> Iterator[None]:
    """In an InputError of the block, write `max_words` as `--max-words`: each of the `settings`."""
    try:
        yield
    except InputError as error:
        names = "|".join(map(re.escape, settings))
        told = re.sub(
            rf"(?<![\w-])({names})(?=\W|$)", lambda m: f"--{m[1].replace('_', '-')}", str(error)
        )
        raise InputError(told) from error
