"""Policy iteration (Howard 1960; Sutton & Barto 2018, section 4.3).

Evaluate the policy exactly by linear algebra, improve it where another action is better by more
than the evaluation's own error, until no state wants to change. Ties and rounding therefore never
make it cycle: every change makes the true values of the policy better, and there are finitely many
policies.
"""

from __future__ import annotations

import numpy as np

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Flags, Floats, Ints
from latimer.rl.mdp.bounds import macqueen, rounding
from latimer.rl.mdp.check import check_limits
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.kernels import bellman_sweep
from latimer.rl.mdp.reward_process import Method
from latimer.rl.mdp.solution import Solution, report_limit
from latimer.rl.planning.undiscounted import ending_policy, idle_states


def policy_iteration(
    mdp: FiniteMDP,
    *,
    accuracy: float = 1e-6,
    max_iterations: int = 10_000,
    method: Method = "auto",
) -> Solution:
    """Optimal values and policy by policy iteration.

    method: how `MarkovRewardProcess.value` evaluates. A limit reached, or an accuracy that
    rounding does not allow, is reported by a ConvergenceWarning and `converged=False`.
    InputError where the discount is 1 and the values are not finite.
    """
    undiscounted = mdp.discount == 1
    idle = idle_states(mdp) if undiscounted else np.zeros(mdp.states, bool)
    chosen = ending_policy(mdp) if undiscounted else mdp.first_rows()
    return improve_until_stable(mdp, chosen, idle, accuracy, max_iterations, method)


def improve_until_stable(
    mdp: FiniteMDP,
    chosen: Ints,
    idle: Flags,
    accuracy: float,
    max_iterations: int,
    method: Method = "auto",
) -> Solution:
    """Policy iteration from the policy of rows `chosen` [states], which ends where γ = 1.

    idle: see `undiscounted.idle_states`. In the result of an unfinished undiscounted run only
    `lower` is a bound: `upper` is infinite.
    """
    check_limits(accuracy, max_iterations)
    updated, gaps, iteration, switches = np.empty(mdp.states), [], 0, -1
    while switches != 0 and iteration < max_iterations:
        iteration += 1
        evaluated = chosen.copy()
        process = mdp.under_rows(chosen)
        values = process.value(method)
        horizon = process.horizon()
        # Near discount 1 the general horizon overstates what a policy's own rounding can do.
        own = horizon if mdp.discount < 0.999 else float(process.expected_steps(method).max())
        error = own * process.residual(values)
        margin = rounding(values, mdp.reward) + 2 * error
        low, high, switches = bellman_sweep(*mdp.table, values, updated, chosen, margin)
        if mdp.discount < 1:
            lower, upper = macqueen(updated, low, high, horizon, mdp.stochastic)
            values = (lower + upper) / 2
        else:
            # No action is better by more than rounding: nothing above v but rounding either.
            above = np.inf if switches else error + max(high, 0.0) * horizon
            lower, upper = values - error, values + above
        gaps.append(float((upper - lower).max()) / 2)
    if switches == 0:
        _refuse_idling(mdp, values, idle, margin)
    converged = switches == 0 and gaps[-1] <= accuracy
    if not converged:
        report_limit("policy iteration", iteration, gaps[-1])
    return Solution(
        values,
        lower,
        upper,
        iteration,
        converged,
        mdp.action[evaluated],
        iteration * mdp.rows,
        gaps,
    )


def _refuse_idling(mdp: FiniteMDP, values: Floats, idle: Flags, margin: float) -> None:
    better = idle & (values < -margin)
    if better.any():
        raise InputError(
            f"{mdp.name(int(np.argmax(better)))}: staying for ever costs nothing and is better "
            "than ending, so with discount 1 no policy that ends is optimal; "
            "use a discount below 1"
        )
