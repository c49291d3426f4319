"""Options that take KEY=VALUE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from latimer import strict_yaml
from latimer.errors import InputError


def read_key_values(option: str, words: Sequence[str] | None) -> dict[str, Any]:
    """The words of an option as keywords, values as in YAML; InputError on anything else."""
    found: dict[str, Any] = {}
    for word in words or ():
        key, equals, value = word.partition("=")
        if not equals or not key.isidentifier():
            raise InputError(f"{option} {word}: expected KEY=VALUE")
        try:
            found[key], _ = strict_yaml.parse(value, option)
        except InputError as error:
            raise InputError(f"{option} {word}: the value cannot be read") from error
    return found
