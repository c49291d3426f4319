"""`latimer corpus`."""

from latimer.errors import LatimerError


def corpus() -> None:
    """Not written yet."""
    raise LatimerError("corpus is not written yet")
