"""`latimer evaluate`."""

from latimer.errors import LatimerError


def evaluate() -> None:
    """Not written yet."""
    raise LatimerError("evaluate is not written yet")
