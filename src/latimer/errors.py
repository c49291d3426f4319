"""What goes wrong in a way the user can mend.

Every message is one line that names the file, line or key and says what to do. The command
prints it without a traceback and leaves with the exit code of its class.
"""

from pathlib import Path


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
