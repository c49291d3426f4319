"""`latimer quickstart`."""

from latimer.errors import LatimerError


def quickstart() -> None:
    """Not written yet."""
    raise LatimerError("quickstart is not written yet")
