"""How an agent with a table acts, and what it learns from a step.

The targets are those of `latimer.rl.td_targets`, one step at a time and compiled. `q` is
[2, states, actions]; only double Q-learning uses the second table.
"""

from __future__ import annotations

from latimer.rl.arrays import Floats
from latimer.rl.compiled import compiled
from latimer.rl.tabular.chance import Chance, uniform

Q_LEARNING, SARSA, EXPECTED_SARSA, DOUBLE_Q = range(4)


@compiled
def act(q: Floats, state: int, epsilon: float, rule: int, chance: Chance) -> int:
    """With probability ε any action, else one with the greatest value, ties broken at random.

    Double Q-learning acts on the sum of its tables.
    """
    actions = q.shape[2]
    if uniform(chance) < epsilon:
        return int(uniform(chance) * actions)
    chosen, ties = 0, 1
    best = q[0, state, 0] + (q[1, state, 0] if rule == DOUBLE_Q else 0.0)
    for action in range(1, actions):
        value = q[0, state, action] + (q[1, state, action] if rule == DOUBLE_Q else 0.0)
        if value > best:
            chosen, best, ties = action, value, 1
        elif value == best:
            ties += 1
            if uniform(chance) * ties < 1:
                chosen = action
    return chosen


@compiled
def target(
    rule: int,
    q: Floats,
    table: int,
    reward: float,
    discount: float,
    state: int,
    action: int,
    epsilon: float,
) -> float:
    """What q[table] of the step before should have been (Sutton & Barto 2018, 6.7 to 6.10).

    state, action: where the step led and what is done there (SARSA alone asks); discount: γ, or 0
    where the episode ended; epsilon: of the policy whose expectation expected SARSA takes.
    """
    if discount == 0:
        return reward
    if rule == SARSA:
        return reward + discount * q[0, state, action]
    row = q[table, state]
    best, total = 0, row[0]
    for other in range(1, row.shape[0]):
        total += row[other]
        if row[other] > row[best]:
            best = other
    if rule == DOUBLE_Q:
        return reward + discount * q[1 - table, state, best]
    if rule == EXPECTED_SARSA:
        mean = total / row.shape[0]
        return reward + discount * (epsilon * mean + (1 - epsilon) * row[best])
    return reward + discount * row[best]


@compiled
def update(
    rule: int,
    q: Floats,
    alpha: float,
    before: int,
    done: int,
    reward: float,
    discount: float,
    state: int,
    action: int,
    epsilon: float,
    chance: Chance,
) -> None:
    """Move q(before, done) by α towards its target; double Q-learning picks a table by a coin."""
    table = 0
    if rule == DOUBLE_Q and uniform(chance) < 0.5:
        table = 1
    aim = target(rule, q, table, reward, discount, state, action, epsilon)
    q[table, before, done] += alpha * (aim - q[table, before, done])
