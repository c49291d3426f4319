"""Learning from experience with a table of action values; needs the extra `rl`."""

from latimer.rl.tabular.learn import ALGORITHMS, Learned, learn

__all__ = ["ALGORITHMS", "Learned", "learn"]
