"""Finite decision processes: build, evaluate, plan with certified bounds; targets for learning.

It stands by itself: no text, no networks. Needs the extra `rl`. Targets for learning are in
`latimer.rl.td_targets`, which alone needs PyTorch and nothing of the extra.
"""

from __future__ import annotations

from typing import Any

_EXTRA = ("gymnasium", "numba", "scipy")

try:
    from latimer.rl.grid.grid_world import GridWorld
    from latimer.rl.mdp.finite_mdp import FiniteMDP
    from latimer.rl.mdp.reward_process import MarkovRewardProcess
    from latimer.rl.mdp.solution import (
        ConvergenceWarning,
        Evaluation,
        HorizonSolution,
        Solution,
    )
    from latimer.rl.planning.finite_horizon import finite_horizon
    from latimer.rl.planning.implicit import ImplicitMDP, solve_implicit
    from latimer.rl.planning.modified_policy_iteration import modified_policy_iteration
    from latimer.rl.planning.policy_iteration import policy_iteration
    from latimer.rl.planning.prioritised import prioritised_sweeping
    from latimer.rl.planning.value_iteration import gauss_seidel, value_iteration
except ModuleNotFoundError as missing:
    if missing.name is None or missing.name.split(".")[0] not in _EXTRA:
        raise
    _missing = missing.name

    def __getattr__(name: str) -> Any:
        """Without the extra only `td_targets` can be had: translators learn from them too."""
        if name in __all__:
            raise ModuleNotFoundError(f"No module named {_missing!r}", name=_missing)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "ConvergenceWarning",
    "Evaluation",
    "FiniteMDP",
    "GridWorld",
    "HorizonSolution",
    "ImplicitMDP",
    "MarkovRewardProcess",
    "Solution",
    "finite_horizon",
    "gauss_seidel",
    "modified_policy_iteration",
    "policy_iteration",
    "prioritised_sweeping",
    "solve_implicit",
    "value_iteration",
]
