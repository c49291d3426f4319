"""Episodes lived through: on a table, compiled, or in any Gymnasium environment.

An episode that is cut off by the limit bootstraps from the state it was in; one that ended does
not.
"""

from __future__ import annotations

from typing import Any

import gymnasium

from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.mdp.compiled import compiled_anew
from latimer.rl.tabular.agent import Agent
from latimer.rl.tabular.splitmix import STEP, Chance, outcome_of, scramble, uniform
from latimer.rl.tabular.table import Table


@compiled_anew
def walk(
    table: Table,
    act: Any,
    learn: Any,
    end: Any,
    looks_ahead: bool,
    rule: int,
    q: Floats,
    memory: Any,
    visits: Ints,
    alphas: Floats,
    epsilons: Floats,
    discount: float,
    limit: int,
    chance: Chance,
    returns: Floats,
    lengths: Ints,
) -> None:
    """`on_table`, of an agent's parts."""
    # Unpacked once, and not in every step: Numba counts references at each access.
    start, cumulative, successor, rewards, endings, ways = table
    counter, counting = chance[0], visits.size > 0
    for episode in range(len(returns)):
        alpha, epsilon = alphas[episode], epsilons[episode]
        counter += STEP
        state = outcome_of(start, 0, 0, start.shape[2], scramble(counter))
        counter += STEP
        action = act(rule, q, state, epsilon, scramble(counter))
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
            size = alpha
            if counting:
                visits[state, action] += 1
                size = alpha / visits[state, action]
            gamma, following = 0.0 if ended else discount, 0
            if looks_ahead and not ended:
                counter += STEP
                following = act(rule, q, after, epsilon, scramble(counter))
            counter = learn(
                rule, q, memory, size, epsilon, gamma, state, action, reward, after, following,
                counter,
            )  # fmt: skip
            if not looks_ahead and not ended:
                counter += STEP
                following = act(rule, q, after, epsilon, scramble(counter))
            state, action = after, following
        end(memory)
        returns[episode], lengths[episode] = total, steps
    chance[0] = counter


def on_table(
    table: Table,
    agent: Agent,
    alphas: Floats,
    epsilons: Floats,
    discount: float,
    limit: int,
    chance: Chance,
    returns: Floats,
    lengths: Ints,
) -> None:
    """Live an episode for each of returns, lengths, alphas, epsilons [episodes].

    limit: steps after which an episode is cut off.
    """
    walk(
        table, agent.act, agent.learn, agent.end, agent.looks_ahead, agent.rule, agent.q,
        agent.memory, agent.visits, alphas, epsilons, discount, limit, chance, returns, lengths,
    )  # fmt: skip


def in_environment(
    env: gymnasium.Env[Any, Any],
    agent: Agent,
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
    rule, q, visits = agent.rule, agent.q, agent.visits
    for episode in range(len(returns)):
        alpha, epsilon = alphas[episode], epsilons[episode]
        state = int(env.reset()[0]) - first
        action = agent.act(rule, q, state, epsilon, uniform(chance))
        total, steps, ended, cut = 0.0, 0, False, False
        while not (ended or cut) and steps < limit:
            observation, reward, ended, cut, _ = env.step(action + first_action)
            after, reward = int(observation) - first, float(reward)
            total += reward
            steps += 1
            size = alpha
            if visits.size:
                visits[state, action] += 1
                size = alpha / visits[state, action]
            gamma, following = 0.0 if ended else discount, 0
            if agent.looks_ahead and not ended:
                following = agent.act(rule, q, after, epsilon, uniform(chance))
            chance[0] = agent.learn(
                rule, q, agent.memory, size, epsilon, gamma, state, action, reward, after,
                following, chance[0],
            )  # fmt: skip
            if not agent.looks_ahead and not ended:
                following = agent.act(rule, q, after, epsilon, uniform(chance))
            state, action = after, following
        agent.end(agent.memory)
        returns[episode], lengths[episode] = total, steps
