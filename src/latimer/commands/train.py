"""`latimer train`."""

from latimer.errors import LatimerError


def train() -> None:
    """Not written yet."""
    raise LatimerError("train is not written yet")
