"""Learning from experience with a table of action values; needs the extra `rl`."""

from latimer.rl.tabular.learn import ALGORITHMS, Listeners, learn
from latimer.rl.tabular.learned import Learned

__all__ = ["ALGORITHMS", "Learned", "Listeners", "learn"]
