"""Learning with neural networks; needs the extra `rl`.

`latimer.rl.deep.settings` can be imported without PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latimer.rl.deep.learn import ALGORITHMS, train
    from latimer.rl.deep.trained import Trained

__all__ = ["ALGORITHMS", "Trained", "train"]


def __getattr__(name: str) -> Any:
    """Import PyTorch only when something is asked for that needs it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from latimer.rl.deep import learn

    return getattr(learn, name)
