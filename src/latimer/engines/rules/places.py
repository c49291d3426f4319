"""Complaints about rule files: one line that names the file and the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from latimer import strict_yaml
from latimer.errors import InputError
from latimer.model.reading import unreadable


class Source:
    """A YAML file of a rule folder, with the line of each of its keys."""

    def __init__(self, path: Path) -> None:
        """Raises InputError for a file that is missing, is not YAML, or is not a mapping."""
        self.path = path
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            raise unreadable(path, error) from error
        except UnicodeDecodeError as error:
            raise InputError(
                f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8"
            ) from error
        content, self._lines = strict_yaml.parse(text, str(path))
        if not isinstance(content, dict):
            raise InputError(f"{path}: sections expected; see docs/reference/rules.md")
        self.content: dict[str, Any] = content

    def error(self, key: str, why: str) -> InputError:
        """What is wrong at a dotted key, or at the nearest key around it."""
        near = key
        while near and near not in self._lines:
            near = near.rpartition(".")[0]
        line = f", line {self._lines[near]}" if near else ""
        return InputError(f"{self.path}{line}: {key}: {why}")

    def section(self, key: str, *, needed: bool = False) -> dict[str, Any]:
        """A section that is a mapping; empty where it is not there."""
        if needed and key not in self.content:
            raise InputError(f"{self.path}: the section {key} is missing")
        return self.mapping(key, self.content.get(key))

    def mapping(self, key: str, value: Any) -> dict[str, Any]:
        """`value`, if it is a mapping; empty for None."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.error(key, "keys with values expected")
        return value

    def words(self, key: str, value: Any) -> list[str]:
        """`value`, if it is a list of words or numbers."""
        if not isinstance(value, list) or not all(
            isinstance(one, str | int) and not isinstance(one, bool) for one in value
        ):
            raise self.error(key, "a list of words expected, as in [a, b]")
        return [str(one) for one in value]

    def check_keys(self, key: str, value: dict[str, Any], known: list[str]) -> None:
        """Raises InputError for a key that is not known."""
        for name in value:
            if name not in known:
                place = f"{key}.{name}" if key else name
                raise self.error(place, f"there is no such key; there are {', '.join(known)}")
