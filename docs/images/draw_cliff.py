"""Draw `cliff.png`: SARSA and Q-learning on the cliff, on the same axes and colour scale.

python docs/images/draw_cliff.py
"""

from __future__ import annotations

from pathlib import Path

from latimer.plots.figure import new_figure, save_figure
from latimer.plots.grid import fill_action_values
from latimer.plots.returns import fill_returns
from latimer.rl import GridWorld
from latimer.rl.grid.layout import layout_of
from latimer.rl.tabular import learn

RUNS, EPISODES = 1000, 500


def main() -> None:
    """Learn, draw, write."""
    cliff = GridWorld.textbook("cliff")
    found = {
        name: learn(
            cliff, name, episodes=EPISODES, alpha=0.5, epsilon=0.1, discount=1, runs=RUNS, seed=1
        )
        for name in ("sarsa", "q-learning")
    }
    figure = new_figure(8, 8.6)
    curves, *grids = figure.subplots(3, 1, height_ratios=[1.1, 1, 1])
    names = {"sarsa": "SARSA", "q-learning": "Q-learning"}
    returns = {names[name]: one.returns for name, one in found.items()}
    fill_returns(curves, returns, f"Return of an episode, mean of {RUNS:,} runs")
    curves.set_ylim(-100, 0)
    for axes, (name, one) in zip(grids, found.items(), strict=True):
        fill_action_values(axes, layout_of(cliff), one.q[0], limits=(-113, 0))
        axes.set_title(f"{names[name]}: action values of the first run", fontsize=11)
    save_figure(figure, Path(__file__).parent / "cliff.png")


if __name__ == "__main__":
    main()
