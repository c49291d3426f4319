"""Random decision processes, and small ones that many tests use."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from latimer.rl import FiniteMDP


def random_mdp(seed: int, states: int, actions: int, discount: float, ending: float) -> FiniteMDP:
    """Sparse rows; each action is legal with probability 0.7, but one always is.

    ending: probability that a state is terminal, and that a reward is tied with others.
    """
    rng = np.random.default_rng(seed)
    transition = rng.random((states, actions, states)) ** 4
    transition[rng.random(transition.shape) < 0.6] = 0
    transition[..., 0] += 1e-3
    transition /= transition.sum(axis=2, keepdims=True)
    reward = np.round(rng.normal(size=(states, actions, states)), 1)
    legal = rng.random((states, actions)) < 0.7
    legal[np.arange(states), rng.integers(actions, size=states)] = True
    terminal = rng.random(states) < ending
    terminal[0] = ending > 0
    return FiniteMDP.from_dense(transition, reward, discount, terminal=terminal, legal=legal)


mdps = st.builds(
    random_mdp,
    st.integers(0, 10_000),
    st.integers(1, 12),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.5, 0.9, 0.99]),
    st.sampled_from([0.0, 0.3]),
)


def exact_values(mdp: FiniteMDP) -> np.ndarray:
    """V* by trying policies until none is better anywhere: dense policy iteration, on its own."""
    dense = mdp.continuation.toarray()
    best = mdp.row_start[:-1].copy()
    for _ in range(1000):
        values = np.linalg.solve(np.eye(mdp.states) - mdp.discount * dense[best], mdp.reward[best])
        ahead = mdp.reward + mdp.discount * dense @ values
        better = best.copy()
        for row, state in enumerate(mdp.state):
            if ahead[row] > ahead[better[state]] + 1e-11:
                better[state] = row
        if (better == best).all():
            return values
        best = better
    raise AssertionError("no stable policy")


def symmetric_grid(size: int, discount: float) -> FiniteMDP:
    """A square with a goal in the middle: slip 0.2, cost 0, reward 1; full of ties."""
    table: dict[int, dict[int, list[tuple[float, int, float, bool]]]] = {}
    moves = [(-1, 0), (0, 1), (1, 0), (0, -1)]
    goal = (size // 2, size // 2)

    def arrive(row: int, column: int, move: int) -> tuple[int, float, bool]:
        r = min(max(row + moves[move][0], 0), size - 1)
        c = min(max(column + moves[move][1], 0), size - 1)
        return r * size + c, float((r, c) == goal), (r, c) == goal

    for row in range(size):
        for column in range(size):
            state = row * size + column
            table[state] = {
                a: [
                    (p, *arrive(row, column, (a + turn) % 4))
                    for p, turn in ((0.8, 0), (0.1, 1), (0.1, 3))
                ]
                for a in range(4)
            }
    return FiniteMDP.from_table(table, discount)
