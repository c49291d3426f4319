"""Q-learning with rlax on a table of transitions; runs inside its environment.

`rlax_learner.py TABLE LEARNERS STEPS WINDOWS` prints JSON: the steps a CPU second of each window,
compiled before. TABLE is `.npz` with the arrays of `latimer.rl.tabular.table.Table`. Environment
and learner are one `lax.scan`; several learners are one `vmap`. Episodes have no limit on steps.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def main(path: str, learners: int, steps: int, windows: int) -> None:
    """Measure and print."""
    import jax  # type: ignore[import-not-found]
    import numpy as np
    import rlax  # type: ignore[import-not-found]
    from jax import numpy as jnp

    table = {name: jnp.asarray(array) for name, array in np.load(path).items()}
    states, actions = table["counts"].shape
    start = int(np.argmax(np.asarray(table["start"]).ravel() > 0.5))

    def step(carry: Any, key: Any) -> Any:
        q, state = carry
        explore, any_action, luck = jax.random.uniform(key, (3,))
        wild = jnp.int32(any_action * actions)
        action = jnp.where(explore < 0.1, wild, jnp.argmax(q[state]))
        outcome = jnp.sum(luck >= table["cumulative"][state, action, :-1])
        after = table["successor"][state, action, outcome]
        ended = table["terminated"][state, action, outcome]
        reward = table["reward"][state, action, outcome].astype(jnp.float32)
        discount = jnp.where(ended, 0.0, 0.99)
        error = rlax.q_learning(q[state], action, reward, discount, q[after])
        q = q.at[state, action].add(0.1 * error)
        return (q, jnp.where(ended, start, after)), None

    def run(key: Any) -> Any:
        first = jnp.zeros((states, actions)), jnp.asarray(start, table["successor"].dtype)
        return jax.lax.scan(step, first, jax.random.split(key, steps))[0]

    go = jax.jit(jax.vmap(run))
    rates = []
    for window in range(windows + 1):
        keys = jax.random.split(jax.random.PRNGKey(window), learners)
        began = time.process_time()
        jax.block_until_ready(go(keys))
        rates.append(learners * steps / (time.process_time() - began))
    print(json.dumps(rates[1:]))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
