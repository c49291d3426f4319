"""Pictures of values and policies, for `latimer plan` and `latimer learn`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from latimer.rl import FiniteMDP, Solution
    from latimer.rl.grid.layout import Layout
    from latimer.rl.tabular import Learned

    Floats = NDArray[np.float64]

FRAMES = 60
"""Of an animation."""


def check_picture(path: Path, layout: Layout | None, env: str, *, curve: bool = False) -> None:
    """InputError for a name that is neither PNG nor GIF, or for an environment that is no grid.

    `curve`: a PNG can show a curve even of an environment that is no grid.
    """
    from latimer.errors import InputError

    suffix = path.suffix.lower()
    if suffix not in (".png", ".gif"):
        raise InputError(f"--picture {path}: end the name in .png, or in .gif for an animation")
    if layout is None and not (curve and suffix == ".png"):
        raise InputError(
            f"--picture {path}: {env} is no grid; grid worlds, FrozenLake and CliffWalking are"
        )


def draw_plan(path: Path, layout: Layout, name: str, mdp: FiniteMDP, found: Solution) -> None:
    """Values and policy as PNG; the sweeps of value iteration as GIF."""
    from latimer.plots.animation import save_animation
    from latimer.plots.figure import save_figure
    from latimer.plots.grid import draw_values

    if path.suffix.lower() == ".png":
        title = f"{name}: values and policy, discount {mdp.discount:g}"
        save_figure(draw_values(layout, found.values, found.policy, title), path)
        return
    save_animation(_sweeps(layout, name, mdp, found.values), path)


def _sweeps(layout: Layout, name: str, mdp: FiniteMDP, final: Floats) -> Iterator[Figure]:
    """The values after more and more sweeps from 0, coloured by one scale."""
    import numpy as np

    from latimer.plots.figure import new_figure
    from latimer.plots.grid import entitle, fill_values, size_of

    limits = float(min(final.min(), 0)), float(max(final.max(), 0))
    values, near = np.zeros(mdp.states), 1e-3 * max(limits[1] - limits[0], 1e-9)
    history = [values]
    while len(history) < 5000 and np.abs(values - final).max() > near:
        values = mdp.bellman(values)
        history.append(values)
    for sweep in _chosen(len(history)):
        figure = new_figure(*size_of(layout))
        axes = figure.add_subplot()
        policy = mdp.greedy(history[sweep]) if sweep else None
        fill_values(axes, layout, history[sweep], policy, limits)
        entitle(axes, f"{name}: sweep {sweep} of value iteration")
        yield figure


def draw_learned(
    path: Path, layout: Layout | None, title: str, found: Learned, history: Sequence[Any]
) -> None:
    """The learning curve, and below it a grid's action values; as GIF, these while learning.

    history: (episodes, q [states, actions]) of the first run.
    """
    from latimer.plots.animation import save_animation
    from latimer.plots.figure import save_figure
    from latimer.plots.grid import fill_action_values, size_of
    from latimer.plots.returns import draw_returns, fill_returns

    curves = {found.algorithm: found.returns}
    if path.suffix.lower() == ".gif":
        assert layout is not None
        save_animation(_learning(layout, title, history), path)
        return
    if layout is None:
        save_figure(draw_returns(curves, title), path)
        return
    from latimer.plots.figure import INK, new_figure

    width, height = size_of(layout)
    figure = new_figure(max(7.0, width), 3.6 + height)
    top, bottom = figure.subplots(2, 1, height_ratios=[3.4, height])
    fill_returns(top, curves, title)
    fill_action_values(bottom, layout, found.q[0])
    bottom.set_title("action values of the first run", color=INK, fontsize=11)
    save_figure(figure, path)


def _learning(layout: Layout, title: str, history: Sequence[Any]) -> Iterator[Figure]:
    import numpy as np

    from latimer.plots.figure import new_figure
    from latimer.plots.grid import entitle, fill_action_values, size_of

    last = history[-1][1]
    seen = last[np.isfinite(last)]
    # A few very low values, as at the edge of a cliff, would take up most of the scale.
    limits = float(np.quantile(seen, 0.1)), float(seen.max())
    for index in _chosen(len(history)):
        episodes, q = history[index]
        figure = new_figure(*size_of(layout))
        axes = figure.add_subplot()
        fill_action_values(axes, layout, q, limits)
        entitle(axes, f"{title}: after {episodes:,} episodes")
        yield figure


def _chosen(count: int) -> list[int]:
    """At most FRAMES of `count`, the first and the last among them, denser at the start."""
    import numpy as np

    if count <= FRAMES:
        return list(range(count))
    places = np.geomspace(1, count, FRAMES) - 1
    return sorted({round(float(place)) for place in places})
