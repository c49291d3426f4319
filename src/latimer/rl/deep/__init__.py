"""Learning with neural networks on any Gymnasium environment; needs the extra `rl`."""

from latimer.rl.deep.learn import ALGORITHMS, Trained, train

__all__ = ["ALGORITHMS", "Trained", "train"]
