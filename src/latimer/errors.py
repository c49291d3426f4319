"""What goes wrong in a way the user can mend.

Every message is one line that names the file, line or key and says what to do. The command
prints it without a traceback and leaves with the exit code of its class.
"""

from pathlib import Path
from typing import Any


class LatimerError(Exception):
    """The work failed (disk full, a killed process); exit code 1."""

    exit_code = 1


class Diverged(LatimerError):
    """A run was given up because a figure went wrong; exit code 1. `best` is what it keeps."""

    def __init__(self, message: str, best: Path) -> None:
        super().__init__(message)
        self.best = best


class InputError(LatimerError):
    """The call or its input is wrong; exit code 2."""

    exit_code = 2


class SettingError(InputError, ValueError):
    """A setting has a value that cannot be used; exit code 2.

    field: the name of the setting, dotted if it stands in a section; value: what it was given;
    reason: why that cannot be used, a clause without the two. The message says all three.
    """

    def __init__(self, field: str, value: Any, reason: str, message: str | None = None) -> None:
        """`message` is the whole sentence where the usual one would not say enough."""
        super().__init__(message or f"{field} is {shown(value)}; {reason}")
        self.field, self.value, self.reason, self.message = field, value, reason, message

    def within(self, section: str) -> "SettingError":
        """The same error of a setting in a section: `width` within `search` is `search.width`."""
        return type(self)(f"{section}.{self.field}", self.value, self.reason, self.message)


def shown(value: Any) -> str:
    """A value as people write it in YAML, at most 60 characters."""
    text = _WORDS[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


_WORDS = {None: "null", True: "true", False: "false"}
