"""The commands of decision processes need an extra."""

from __future__ import annotations

from latimer.errors import LatimerError


def require_rl() -> None:
    """LatimerError, which says how to install what is missing."""
    try:
        import latimer.rl.environments
        import latimer.rl.tabular  # noqa: F401
    except ModuleNotFoundError as error:
        raise LatimerError(
            f"needs {error.name}; install it: pip install 'latimer[rl]', or in a clone "
            "pip install -c constraints.txt -e '.[rl]'"
        ) from error
