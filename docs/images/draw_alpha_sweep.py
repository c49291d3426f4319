"""Sutton & Barto 2018, figure 6.3: how three algorithms bear the step size on the cliff.

Mean return of the first 100 episodes (interim) and of 1,000 to 2,000 (asymptotic), ε 0.1, discount
1. Prints a table and draws the asymptotic returns.

    python docs/images/draw_alpha_sweep.py
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from latimer.plots.figure import BLUE, GREEN, ORANGE, new_figure, save_figure, style
from latimer.rl import GridWorld
from latimer.rl.tabular import learn

ALPHAS = [round(0.1 * k, 1) for k in range(1, 11)]
COLOURS = {"sarsa": BLUE, "q-learning": ORANGE, "expected-sarsa": GREEN}


def main() -> None:
    """Run, print, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=50, help="a mean is over so many (%(default)s)")
    parser.add_argument("--picture", type=Path, default=Path(__file__).with_name("alpha-sweep.png"))
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
    print("\n".join("\t".join(row) for row in [header, *rows]))
    figure = new_figure(7, 4.5)
    axes = figure.add_subplot()
    style(axes)
    for (name, colour), marker in zip(COLOURS.items(), "os^", strict=True):
        late = np.array([found[name, alpha][1] for alpha in ALPHAS])
        axes.plot(ALPHAS, late, color=colour, marker=marker, label=name)
    axes.set_ylim(-160, 0)
    axes.set_xlabel("step size α")
    axes.set_ylabel("return of episodes 1,000 to 2,000")
    axes.legend(frameon=False, fontsize=8, loc="lower left")
    save_figure(figure, flags.picture)


if __name__ == "__main__":
    main()
