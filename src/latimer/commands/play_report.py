"""What `latimer play` prints."""

from __future__ import annotations

from json import dumps
from typing import Any

from latimer.rl.environments import Environment
from latimer.rl.evaluation import Evaluation, Trajectory
from latimer.rl.saved_agent import SavedAgent


def report_json(
    agent: SavedAgent, place: Environment, result: Evaluation, *, seed: int, sampled: bool
) -> str:
    """One object."""
    interval = result.interval()
    shown = {
        "environment": place.name,
        "algorithm": agent.algorithm,
        "policy": "sampled" if sampled else "greedy",
        "seed": seed,
        "episodes": len(result.returns),
        "mean_return": result.mean,
        "interval": None if interval is None else list(interval),
        "mean_length": float(result.lengths.mean()),
        "terminated": int(result.terminated.sum()),
        "returns": result.returns.tolist(),
        "lengths": result.lengths.tolist(),
    }
    return dumps(shown, ensure_ascii=False, indent=2) + "\n"


def report_text(
    agent: SavedAgent, place: Environment, result: Evaluation, *, seed: int, sampled: bool
) -> str:
    """The frames of the first episode if it was rendered as text, then a few lines of figures."""
    interval, lengths = result.interval(), result.lengths
    between = "" if interval is None else f" (95 % interval {interval[0]:.4g} to {interval[1]:.4g})"
    policy = "sampled" if sampled else "greedy"
    cut = int((~result.terminated).sum())
    return _frames(result.first) + (
        f"{place.name}: {agent.algorithm}, {policy} policy, {len(lengths):,} episodes, "
        f"seed {seed}\n"
        f"mean return: {result.mean:.4g}{between}\n"
        f"episode length: mean {lengths.mean():.4g}, from {lengths.min():,} to {lengths.max():,}\n"
        f"terminated: {len(lengths) - cut:,}; truncated: {cut:,}\n"
    )


def _frames(seen: Trajectory) -> str:
    if not seen.frames or not isinstance(seen.frames[0], str):
        return ""
    total, parts = 0.0, [f"start\n{seen.frames[0].rstrip()}\n\n"]
    steps: Any = zip(seen.actions, seen.rewards, seen.frames[1:], strict=True)
    for step, (action, reward, frame) in enumerate(steps, 1):
        total += reward
        parts.append(
            f"step {step}: action {action}, reward {reward:g}, return {total:g}\n"
            f"{frame.rstrip()}\n\n"
        )
    return "".join(parts)
