"""`latimer translate`."""

from latimer.errors import LatimerError


def translate() -> None:
    """Not written yet."""
    raise LatimerError("translate is not written yet")
