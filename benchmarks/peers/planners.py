"""QuantEcon and MDPSolver on a problem in a file; runs inside their environments.

`planners.py METHOD PROBLEM VALUES RUNS` prints JSON: CPU seconds of each solve, seconds of making
the peer's model, peak memory; the values of the last solve go to a file. The problem is `.npz`:
CSR arrays `data`, `indices`, `indptr` of transitions that go on, one row for each of `actions`
actions of a state, `reward` [rows], `discount`. An episode that ends goes on for ever in one state
more, which pays nothing: these planners know no other way.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

EPSILON = 2e-6
"""Both promise values within half of it."""
MANY = 10**6

Solve = Callable[[], Any]


def complete(problem: Any) -> tuple[sparse.csr_matrix, np.ndarray, int]:
    """Transitions whose rows sum to 1, rewards, and the number of actions."""
    rows, actions = len(problem["reward"]), int(problem["actions"])
    states = rows // actions
    shape = (rows, states + 1)
    going = sparse.csr_matrix((problem["data"], problem["indices"], problem["indptr"]), shape=shape)
    ends = 1 - np.asarray(going.sum(axis=1)).ravel()
    ends[ends < 1e-12] = 0
    reward = problem["reward"]
    if ends.any():
        column = sparse.csr_matrix(ends[:, None])
        going = sparse.hstack([going[:, :states], column], format="csr")
        rest = sparse.csr_matrix((np.ones(actions), ([*range(actions)], [states] * actions)))
        going = sparse.vstack([going, rest], format="csr")
        reward = np.concatenate([reward, np.zeros(actions)])
    else:
        going = going[:, :states]
    return going, reward, actions


def quantecon(method: str, problem: Any) -> Solve:
    """Its sparse form: one row for each pair of state and action."""
    from quantecon.markov import DiscreteDP  # type: ignore[import-not-found]

    transitions, reward, actions = complete(problem)
    pairs = np.arange(len(reward))
    model = DiscreteDP(
        reward, transitions, float(problem["discount"]), pairs // actions, pairs % actions
    )
    options = {"k": 5} if method == "modified_policy_iteration" else {}

    def solve() -> Any:
        return model.solve(method=method, epsilon=EPSILON, max_iter=MANY, **options).v

    return solve


def mdpsolver(method: str, problem: Any) -> Solve:
    """Nested lists, which is all it takes."""
    import mdpsolver as peer  # type: ignore[import-not-found]

    transitions, reward, actions = complete(problem)
    states = len(reward) // actions
    start = transitions.indptr
    shares, columns = transitions.data.tolist(), transitions.indices.tolist()

    def nested(values: list[Any]) -> list[list[list[Any]]]:
        rows = [values[start[row] : start[row + 1]] for row in range(len(reward))]
        return [rows[state * actions : (state + 1) * actions] for state in range(states)]

    model = peer.model()
    model.mdp(
        discount=float(problem["discount"]),
        rewards=reward.reshape(states, actions).tolist(),
        tranMatProbs=nested(shares),
        tranMatColumns=nested(columns),
    )

    def solve() -> Any:
        model.solve(algorithm=method, tolerance=EPSILON / 2, parIterLim=5, parallel=False)
        return model.getValueVector()

    return solve


PEERS: dict[str, Callable[[str, Any], Solve]] = {"quantecon": quantecon, "mdpsolver": mdpsolver}


def peak_megabytes() -> float:
    """Of this process; `getrusage` would count what its parent once had."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Solve and print the figures."""
    peer, method = sys.argv[1].split(":")
    problem, values, runs = np.load(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    started = time.process_time()
    solve = PEERS[peer](method, problem)
    preparing = time.process_time() - started
    started = time.process_time()
    found = solve()
    first = time.process_time() - started
    seconds = []
    for _ in range(runs):
        started = time.process_time()
        found = solve()
        seconds.append(time.process_time() - started)
    np.save(values, np.asarray(found)[: len(problem["reward"]) // int(problem["actions"])])
    print(
        json.dumps(
            {
                "cpu_seconds": seconds or [first],
                "preparing_seconds": preparing,
                "peak_megabytes": peak_megabytes(),
            }
        )
    )


if __name__ == "__main__":
    main()
