"""Episodes lived through: on a table, compiled, or in any Gymnasium environment.

Both act and learn by `latimer.rl.tabular.rules`. An episode that is cut off by the limit
bootstraps from the state it was in; one that ended does not.
"""

from __future__ import annotations

from typing import Any

import gymnasium

from latimer.rl.arrays import Floats, Ints
from latimer.rl.compiled import compiled
from latimer.rl.tabular.chance import STEP, Chance, outcome_of, scramble, uniform
from latimer.rl.tabular.rules import DOUBLE_Q, SARSA, act, update
from latimer.rl.tabular.table import Table


@compiled
def on_table(
    table: Table,
    rule: int,
    q: Floats,
    alphas: Floats,
    epsilons: Floats,
    discount: float,
    limit: int,
    chance: Chance,
    returns: Floats,
    lengths: Ints,
) -> None:
    """Live an episode for each of returns, lengths, alphas, epsilons [episodes]; fills q too.

    limit: steps after which an episode is cut off.
    """
    # Unpacked once, and not in every step: Numba counts references at each access.
    start, cumulative, successor, rewards, endings, ways = table
    counter = chance[0]
    for episode in range(len(returns)):
        alpha, epsilon = alphas[episode], epsilons[episode]
        counter += STEP
        state = outcome_of(start, 0, 0, start.shape[2], scramble(counter))
        counter += STEP
        action = act(q, state, epsilon, rule, scramble(counter))
        total, steps, ended = 0.0, 0, False
        while not ended and steps < limit:
            outcome, many = 0, ways[state, action]
            if many > 1:  # what is certain costs no number
                counter += STEP
                outcome = outcome_of(cumulative, state, action, many, scramble(counter))
            after = successor[state, action, outcome]
            reward = rewards[state, action, outcome]
            ended = endings[state, action, outcome]
            total += reward
            steps += 1
            gamma, following, which = 0.0 if ended else discount, 0, 0
            if rule == SARSA and not ended:
                counter += STEP
                following = act(q, after, epsilon, rule, scramble(counter))
            if rule == DOUBLE_Q:
                counter += STEP
                which = int(scramble(counter) < 0.5)
            update(rule, q, which, alpha, state, action, reward, gamma, after, following, epsilon)
            if rule != SARSA and not ended:
                counter += STEP
                following = act(q, after, epsilon, rule, scramble(counter))
            state, action = after, following
        returns[episode], lengths[episode] = total, steps
    chance[0] = counter


def in_environment(
    env: gymnasium.Env[Any, Any],
    rule: int,
    q: Floats,
    alphas: Floats,
    epsilons: Floats,
    discount: float,
    limit: int,
    chance: Chance,
    returns: Floats,
    lengths: Ints,
) -> None:
    """As `on_table`, in an environment with discrete observations and actions."""
    first, first_action = env.observation_space.start, env.action_space.start  # type: ignore[attr-defined]
    for episode in range(len(returns)):
        alpha, epsilon = alphas[episode], epsilons[episode]
        state = int(env.reset()[0]) - first
        action = act(q, state, epsilon, rule, uniform(chance))
        total, steps, ended, cut = 0.0, 0, False, False
        while not (ended or cut) and steps < limit:
            observation, reward, ended, cut, _ = env.step(action + first_action)
            after, reward = int(observation) - first, float(reward)
            total += reward
            steps += 1
            gamma, following, which = 0.0 if ended else discount, 0, 0
            if rule == SARSA and not ended:
                following = act(q, after, epsilon, rule, uniform(chance))
            if rule == DOUBLE_Q:
                which = int(uniform(chance) < 0.5)
            update(rule, q, which, alpha, state, action, reward, gamma, after, following, epsilon)
            if rule != SARSA and not ended:
                following = act(q, after, epsilon, rule, uniform(chance))
            state, action = after, following
        returns[episode], lengths[episode] = total, steps
