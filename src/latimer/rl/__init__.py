"""Finite decision processes: build, evaluate, plan with certified bounds; targets for learning.

It stands by itself: no text, no networks. Needs the extra `rl`. Targets for learning are in
`latimer.rl.td_targets`, which alone needs PyTorch and nothing of the extra.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latimer.rl.grid.grid_world import GridWorld as GridWorld
    from latimer.rl.mdp.finite_mdp import FiniteMDP as FiniteMDP
    from latimer.rl.mdp.reward_process import MarkovRewardProcess as MarkovRewardProcess
    from latimer.rl.mdp.solution import ConvergenceWarning as ConvergenceWarning
    from latimer.rl.mdp.solution import Evaluation as Evaluation
    from latimer.rl.mdp.solution import HorizonSolution as HorizonSolution
    from latimer.rl.mdp.solution import Solution as Solution
    from latimer.rl.planning.finite_horizon import finite_horizon as finite_horizon
    from latimer.rl.planning.implicit import ImplicitMDP as ImplicitMDP
    from latimer.rl.planning.implicit import solve_implicit as solve_implicit
    from latimer.rl.planning.modified_policy_iteration import (
        modified_policy_iteration as modified_policy_iteration,
    )
    from latimer.rl.planning.policy_iteration import policy_iteration as policy_iteration
    from latimer.rl.planning.prioritised import prioritised_sweeping as prioritised_sweeping
    from latimer.rl.planning.value_iteration import gauss_seidel as gauss_seidel
    from latimer.rl.planning.value_iteration import value_iteration as value_iteration

_HOME = {
    "ConvergenceWarning": "mdp.solution",
    "Evaluation": "mdp.solution",
    "FiniteMDP": "mdp.finite_mdp",
    "GridWorld": "grid.grid_world",
    "HorizonSolution": "mdp.solution",
    "ImplicitMDP": "planning.implicit",
    "MarkovRewardProcess": "mdp.reward_process",
    "Solution": "mdp.solution",
    "finite_horizon": "planning.finite_horizon",
    "gauss_seidel": "planning.value_iteration",
    "modified_policy_iteration": "planning.modified_policy_iteration",
    "policy_iteration": "planning.policy_iteration",
    "prioritised_sweeping": "planning.prioritised",
    "solve_implicit": "planning.implicit",
    "value_iteration": "planning.value_iteration",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    """Import a name at its first use: translators need the targets alone, without the extra."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
