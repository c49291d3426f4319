"""Episodes of an agent: compiled, on a table of outcomes, or in any Gymnasium environment.

A truncated episode bootstraps from the state it had reached; a terminated one does not.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import gymnasium

from latimer.compiled import compiled_anew
from latimer.rl.mdp.arrays import Floats, Ints
from latimer.rl.tabular.agent import Agent, Transition
from latimer.rl.tabular.splitmix import STEP, SplitMix, sample_outcome, uniform, uniform_at
from latimer.rl.tabular.table import Table


class Episodes(NamedTuple):
    """A batch of episodes: what it is run with, and what comes out of it.

    alphas, epsilons [episodes]; discount: γ; limit: steps after which an episode is truncated.
    returns (undiscounted), lengths [episodes] are written.
    """

    alphas: Floats
    epsilons: Floats
    discount: float
    limit: int
    returns: Floats
    lengths: Ints

    def part(self, first: int, last: int) -> Episodes:
        """Episodes first .. last - 1, as views."""
        here = slice(first, last)
        return self._replace(
            alphas=self.alphas[here], epsilons=self.epsilons[here],
            returns=self.returns[here], lengths=self.lengths[here],
        )  # fmt: skip


@cache
def compiled_loop(act: Any, learn: Any, end_episode: Any, needs_next_action: bool) -> Any:
    """The loop over episodes, compiled around the functions of an agent."""

    @compiled_anew
    def run(
        table: Table,
        rule: int,
        q: Floats,
        memory: Any,
        visits: Ints,
        episodes: Episodes,
        generator: SplitMix,
    ) -> None:
        # Unpacked once, and not in every step: Numba counts references at each access.
        start, cumulative, successor, rewards, terminations, counts = table
        alphas, epsilons, discount, limit, returns, lengths = episodes
        counter, by_visits = generator[0], visits.size > 0
        for episode in range(len(returns)):
            alpha, epsilon = alphas[episode], epsilons[episode]
            counter += STEP
            state = sample_outcome(start, 0, 0, start.shape[2], uniform_at(counter))
            counter += STEP
            action = act(rule, q, state, epsilon, uniform_at(counter))
            total, steps, terminated = 0.0, 0, False
            while not terminated and steps < limit:
                outcome, number = 0, counts[state, action]
                if number > 1:  # a certain outcome draws no random number
                    counter += STEP
                    outcome = sample_outcome(cumulative, state, action, number, uniform_at(counter))
                next_state = successor[state, action, outcome]
                reward = rewards[state, action, outcome]
                terminated = terminations[state, action, outcome]
                total += reward
                steps += 1
                size = alpha
                if by_visits:
                    visits[state, action] += 1
                    size = alpha / visits[state, action]
                gamma, next_action = 0.0 if terminated else discount, 0
                if needs_next_action and not terminated:
                    counter += STEP
                    next_action = act(rule, q, next_state, epsilon, uniform_at(counter))
                step = Transition(state, action, reward, gamma, next_state, next_action)
                counter = learn(rule, q, memory, size, epsilon, step, counter)
                if not needs_next_action and not terminated:
                    counter += STEP
                    next_action = act(rule, q, next_state, epsilon, uniform_at(counter))
                state, action = next_state, next_action
            end_episode(memory)
            returns[episode], lengths[episode] = total, steps
        generator[0] = counter

    return run


def on_table(table: Table, agent: Agent, episodes: Episodes, generator: SplitMix) -> None:
    """Run the episodes in compiled code."""
    loop = compiled_loop(agent.act, agent.learn, agent.end_episode, agent.needs_next_action)
    loop(table, agent.rule, agent.q, agent.memory, agent.visits, episodes, generator)


def in_environment(
    env: gymnasium.Env[Any, Any], agent: Agent, episodes: Episodes, generator: SplitMix
) -> None:
    """Run the episodes by `step` of an environment with discrete observations and actions."""
    first = env.observation_space.start  # type: ignore[attr-defined]
    for episode in range(len(episodes.returns)):
        state = int(env.reset()[0]) - first
        action = _act(agent, episodes.epsilons[episode], state, generator)
        total, steps, terminated, truncated = 0.0, 0, False, False
        while not (terminated or truncated) and steps < episodes.limit:
            taken = action + env.action_space.start  # type: ignore[attr-defined]
            observation, reward, terminated, truncated, _ = env.step(taken)
            next_state, reward = int(observation) - first, float(reward)
            total += reward
            steps += 1
            action = _learn(
                agent, episodes, episode, (state, action, reward, next_state), terminated, generator
            )
            state = next_state
        agent.end_episode(agent.memory)
        episodes.returns[episode], episodes.lengths[episode] = total, steps


def _act(agent: Agent, epsilon: float, state: int, generator: SplitMix) -> int:
    chosen: int = agent.act(agent.rule, agent.q, state, epsilon, uniform(generator))
    return chosen


def _learn(
    agent: Agent,
    episodes: Episodes,
    episode: int,
    step: tuple[int, int, float, int],
    terminated: bool,
    generator: SplitMix,
) -> int:
    """Learn from (state, action, reward, next state); the next action, 0 after termination."""
    state, action, reward, next_state = step
    epsilon, size = episodes.epsilons[episode], episodes.alphas[episode]
    if agent.visits.size:
        agent.visits[state, action] += 1
        size = size / agent.visits[state, action]
    next_action = 0
    if agent.needs_next_action and not terminated:
        next_action = _act(agent, epsilon, next_state, generator)
    discount = 0.0 if terminated else episodes.discount
    transition = Transition(state, action, reward, discount, next_state, next_action)
    generator[0] = agent.learn(
        agent.rule, agent.q, agent.memory, size, epsilon, transition, generator[0]
    )
    if not agent.needs_next_action and not terminated:
        next_action = _act(agent, epsilon, next_state, generator)
    return next_action
