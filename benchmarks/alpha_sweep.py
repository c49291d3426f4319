"""Sutton & Barto 2018, figure 6.3: how three algorithms bear the step size on the cliff.

Mean return of the first 100 episodes (interim) and of 1,000 to 2,000 (asymptotic), ε 0.1, discount
1. Prints a table and draws it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.common import markdown_table
from latimer.plots.figure import BLUE, GREEN, ORANGE, new_figure, save_figure, style
from latimer.rl import GridWorld
from latimer.rl.tabular import learn

ALPHAS = [round(0.1 * k, 1) for k in range(1, 11)]
COLOURS = {"sarsa": BLUE, "q-learning": ORANGE, "expected-sarsa": GREEN}


def main() -> None:
    """Run, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50, help="a mean is over so many (%(default)s)")
    parser.add_argument("--picture", type=Path, default=Path("docs/images/alpha-sweep.png"))
    flags = parser.parse_args()
    cliff, found = GridWorld.textbook("cliff"), {}
    for name in COLOURS:
        for alpha in ALPHAS:
            returns = learn(
                cliff, name, episodes=2000, alpha=alpha, epsilon=0.1, discount=1, runs=flags.runs,
                seed=1, threads=2, limit=20_000,
            ).returns  # fmt: skip
            found[name, alpha] = returns[:, :100].mean(), returns[:, 1000:].mean()
    header = ["α", *(f"{name}, {part}" for name in COLOURS for part in ("interim", "asymptotic"))]
    rows = [
        [f"{alpha}", *(f"{value:.1f}" for name in COLOURS for value in found[name, alpha])]
        for alpha in ALPHAS
    ]
    print(markdown_table(header, rows))
    figure = new_figure(7, 4.5)
    axes = figure.add_subplot()
    style(axes)
    for name, colour in COLOURS.items():
        both = np.array([found[name, alpha] for alpha in ALPHAS])
        axes.plot(ALPHAS, both[:, 1], color=colour, marker="o", label=f"{name}, asymptotic")
        axes.plot(
            ALPHAS, both[:, 0], color=colour, marker="x", linestyle=":", label=f"{name}, interim"
        )
    axes.set_ylim(-160, 0)
    axes.set_xlabel("step size α")
    axes.set_ylabel("return of an episode")
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower right")
    save_figure(figure, flags.picture)


if __name__ == "__main__":
    main()
