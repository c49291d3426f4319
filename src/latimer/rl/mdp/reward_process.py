"""The Markov reward process: what a decision process becomes when the policy is given.

    v = r + γ P v        (Bellman's equation)        v = (I - γ P)⁻¹ r        (its solution)

P holds the probability of moving *and going on*; what is missing to 1 ends the episode, and the
value after the end is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse import linalg

from latimer.errors import InputError, LatimerError
from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.mdp.bounds import macqueen, rounding
from latimer.rl.mdp.build import tidy
from latimer.rl.mdp.check import bad_row, check_discount, check_limits
from latimer.rl.mdp.kernels import attract
from latimer.rl.mdp.solution import Evaluation, report_limit

Method = Literal["auto", "dense", "sparse", "krylov"]

DENSE_STATES = 300
DIRECT_STATES = 20_000
"""Beyond these, `value(method="auto")` factorises sparsely, then iterates (Krylov)."""


@dataclass(frozen=True, eq=False)
class MarkovRewardProcess:
    """continuation: sparse [states, states]; termination, reward: [states]; see the module."""

    continuation: sparse.csr_array
    termination: Floats
    reward: Floats
    discount: float
    state_names: Sequence[str] | None = None

    def __post_init__(self) -> None:
        """Refuse what is no reward process, naming the state."""
        object.__setattr__(self, "continuation", tidy(self.continuation))
        check_discount(self.discount)
        states = len(self.reward)
        if self.continuation.shape != (states, states) or self.termination.shape != (states,):
            raise InputError("continuation is [states, states]; termination and reward [states]")
        wrong = bad_row(self.continuation, self.termination, self.reward)
        if wrong is not None:
            raise InputError(f"{self.name(wrong[0])}: {wrong[1]}")

    @classmethod
    def from_dense(
        cls,
        transition: ArrayLike,
        reward: ArrayLike,
        discount: float,
        *,
        terminal: ArrayLike | None = None,
        state_names: Sequence[str] | None = None,
    ) -> MarkovRewardProcess:
        """From transition [states, states] and reward R(s) [states] or R(s, s') [states, states].

        terminal: bool [states]; such a state pays its R(s), if rewards have that form, and ends.
        """
        p, r = np.array(transition, dtype=float), np.asarray(reward, dtype=float)
        if p.ndim != 2 or p.shape[0] != p.shape[1] or r.shape not in (p.shape, p.shape[:1]):
            raise InputError("transition is [states, states], reward [states] or [states, states]")
        over = np.zeros(len(p), bool) if terminal is None else np.asarray(terminal, dtype=bool)
        p[over] = 0.0
        expected = (p * r).sum(axis=1) if r.ndim == 2 else r
        return cls(sparse.csr_array(p), over.astype(float), expected, discount, state_names)

    @property
    def states(self) -> int:
        """Number of states."""
        return len(self.reward)

    def name(self, state: int) -> str:
        """What messages call a state."""
        names = self.state_names
        return f"state {state}" if names is None else f"state {state} ({names[state]})"

    def bellman(self, values: Floats) -> Floats:
        """T v = r + γ P v [states]."""
        return self.reward + self.discount * (self.continuation @ values)

    def residual(self, values: Floats) -> float:
        """The greatest |T v - v|, which is 0 for the true values and no others."""
        return float(np.abs(self.bellman(values) - values).max())

    def proper(self) -> bool:
        """Whether the episode ends with probability 1 from every state."""
        return self._endless() is None

    def value(self, method: Method = "auto") -> Floats:
        """The values [states] by linear algebra: v = (I - γ P)⁻¹ r.

        dense: LAPACK; sparse: SuperLU; krylov: BiCGSTAB, which stores nothing more than the
        matrix, with refinement until the residual is at rounding. InputError when γ = 1 and some
        state never ends.
        """
        return self._solve(self.reward, method)

    def expected_steps(self, method: Method = "auto") -> Floats:
        """(I - γ P)⁻¹ 1 [states]: the expected number of steps to come, each counted γ^t."""
        return self._solve(np.ones(self.states), method)

    def horizon(self) -> float:
        """An upper bound on `expected_steps`: 1 / (1 - γ), or their greatest where γ = 1."""
        if self.discount < 1:
            return 1.0 / (1.0 - self.discount)
        return float(self.expected_steps().max())

    def evaluate(self, accuracy: float = 1e-6, max_iterations: int = 1_000_000) -> Evaluation:
        """The values by repeated sweeps v ← T v from 0 (Sutton & Barto, section 4.1).

        The error is at most `accuracy` in every state. Where γ = 1 the bound needs the expected
        number of steps, which is solved for first. A limit reached warns (ConvergenceWarning).
        """
        stochastic = not bool(np.any(self.termination > 0))
        values, horizon = np.zeros(self.states), self.horizon()
        check_limits(accuracy, max_iterations)
        for iteration in range(1, max_iterations + 1):
            updated = self.bellman(values)
            change = updated - values
            lower, upper = macqueen(updated, change.min(), change.max(), horizon, stochastic)
            values = updated
            if float((upper - lower).max()) / 2 <= accuracy:
                return Evaluation((lower + upper) / 2, lower, upper, iteration, True)
        report_limit("iterative evaluation", max_iterations, float((upper - lower).max()) / 2)
        return Evaluation((lower + upper) / 2, lower, upper, max_iterations, False)

    def sample_returns(
        self, start: int, episodes: int, *, seed: int, max_steps: int = 10_000
    ) -> Floats:
        """The discounted returns [episodes] of sampled trajectories from `start`.

        Their mean estimates v(start) without bias. LatimerError when an episode has not ended
        after `max_steps` steps, unless what is left out is below 1e-12 of a return (γ < 1).
        """
        rng = np.random.default_rng(seed)
        cumulative, state = self._cumulative(), np.full(episodes, start)
        returns, weight = np.zeros(episodes), 1.0
        alive = np.ones(episodes, bool)
        for _ in range(max_steps):
            returns[alive] += weight * self.reward[state[alive]]
            weight *= self.discount
            state[alive] = self._successors(cumulative, state[alive], rng)
            alive &= state >= 0
            if not alive.any() or weight < 1e-12 * (1 - self.discount):
                return returns
        raise LatimerError(
            f"{int(alive.sum())} of {episodes} episodes have not ended after {max_steps} steps; "
            "raise max_steps"
        )

    def _cumulative(self) -> Floats:
        """Cumulative probabilities over all entries [entries]; row s runs from s to s + 1."""
        rows = np.repeat(np.arange(self.states), np.diff(self.continuation.indptr))
        running = np.cumsum(self.continuation.data)
        first = self.continuation.indptr[:-1]
        before = np.concatenate([[0.0], running])[first]
        return rows + np.minimum(running - before[rows], 1.0)

    def _successors(self, cumulative: Floats, state: Ints, rng: np.random.Generator) -> Ints:
        """A successor for each state; -1 where the episode ends."""
        entry = np.searchsorted(cumulative, state + rng.random(len(state)), side="right")
        ended = entry >= self.continuation.indptr[state + 1]
        return np.where(ended, -1, np.append(self.continuation.indices, -1)[entry])

    def _endless(self) -> int | None:
        """A state from which the end cannot be reached, or None."""
        matrix = self.continuation
        reached = np.empty(self.states, np.int64)
        missing = attract(
            np.arange(self.states + 1),
            matrix.indptr.astype(np.int64),
            matrix.indices.astype(np.uint32),
            self.termination,
            np.ones(self.states, np.int64),
            reached,
        )
        return int(np.argmin(reached)) if missing else None

    def _solve(self, right: Floats, method: Method) -> Floats:
        if self.discount == 1.0 and (state := self._endless()) is not None:
            raise InputError(
                f"{self.name(state)}: the episode never ends from here, so with discount 1 the "
                "value is no finite number; use a discount below 1 or another policy"
            )
        if method != "auto" and method not in SOLVERS:
            raise InputError(f"method {method!r}; valid choices: auto, {', '.join(SOLVERS)}")
        if method == "auto":
            method = "sparse" if self.states <= DIRECT_STATES else "krylov"
            method = "dense" if self.states <= DENSE_STATES else method
        system = sparse.identity(self.states, format="csc") - self.discount * self.continuation
        return SOLVERS[method](system, right)


def _dense(system: sparse.csc_array, right: Floats) -> Floats:
    return np.linalg.solve(system.toarray(), right)


def _sparse(system: sparse.csc_array, right: Floats) -> Floats:
    return linalg.splu(sparse.csc_matrix(system)).solve(right)


def _krylov(system: sparse.csc_array, right: Floats) -> Floats:
    """BiCGSTAB, restarted on what is left; SuperLU when it makes no headway."""
    matrix, found = sparse.csr_matrix(system), np.zeros_like(right)
    left = right
    for _ in range(20):
        if np.abs(left).max() <= rounding(found, right):
            return found
        step, _ = linalg.bicgstab(matrix, left, rtol=1e-10, maxiter=2000)
        if not np.abs(left - matrix @ step).max() <= 0.5 * np.abs(left).max():
            break
        found = found + step
        left = right - matrix @ found
    return _sparse(system, right)


SOLVERS = {"dense": _dense, "sparse": _sparse, "krylov": _krylov}
