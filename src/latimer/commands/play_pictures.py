"""The pictures of `latimer play`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from latimer.errors import InputError
from latimer.plots.animation import save_animation
from latimer.plots.episode import draw_frames, draw_path, path_frames, picture_frames
from latimer.plots.figure import save_figure
from latimer.rl.environments import Environment
from latimer.rl.evaluation import Trajectory
from latimer.rl.grid.layout import Layout

FRAMES = 60
"""Of an animation, at most."""


def render_mode_of(place: Environment, *, render: bool, picture: Path | None) -> str | None:
    """How the environment must render for these options; InputError where it cannot."""
    if picture is not None and picture.suffix.lower() not in (".png", ".gif"):
        raise InputError(f"--picture {picture}: end the name in .png, or in .gif for an animation")
    if not render and (picture is None or place.layout is not None):
        return None
    wanted = "ansi" if render else "rgb_array"
    env = place.make()
    modes = env.metadata.get("render_modes", [])
    env.close()
    if wanted not in modes:
        other = "" if render else " and is no grid"
        option = "--render" if render else f"--picture {picture}"
        raise InputError(f"{option}: {place.name} has no render mode {wanted}{other}")
    return wanted


def draw_episode(path: Path, title: str, layout: Layout | None, seen: Trajectory) -> None:
    """The path on a grid, or the rendered frames; as PNG or GIF."""
    animated = path.suffix.lower() == ".gif"
    steps = len(seen.rewards)
    chosen = np.unique(np.linspace(0, steps, min(steps + 1, FRAMES)).round().astype(int)).tolist()
    returns = [0.0, *np.cumsum(seen.rewards).tolist()]
    if layout is not None:
        states = [int(state) for state in seen.observations]
        if animated:
            save_animation(path_frames(layout, states, returns, title, chosen), path)
        else:
            save_figure(draw_path(layout, states, f"{title}: {_end(returns)}"), path)
        return
    if animated:
        save_animation(picture_frames(seen.frames, returns, title, chosen), path)
    else:
        save_figure(draw_frames(seen.frames, f"{title}: {_end(returns)}"), path)


def _end(returns: list[float]) -> str:
    return f"return {returns[-1]:.4g} after {len(returns) - 1:,} steps"
