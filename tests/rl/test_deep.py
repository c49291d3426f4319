"""Learning with networks: equations against hand values or PyTorch, results against exact ones."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from latimer.errors import InputError
from latimer.rl import FiniteMDP, finite_horizon, policy_iteration
from latimer.rl.deep import Trained, train
from latimer.rl.deep.actor_critic import (
    ActorCritic,
    _descend,
    clipped_surrogate_loss,
    policy_gradient_loss,
)
from latimer.rl.deep.networks import MLP
from latimer.rl.deep.policies import Categorical, Gaussian
from latimer.rl.deep.replay import Replay
from latimer.rl.deep.rollout import Rollout, advantages_and_returns, collect
from latimer.rl.deep.settings import A2C
from latimer.rl.deep.vector_env import VectorEnv
from latimer.rl.environments import find_environment


class Steady(gymnasium.Env):
    """One state that pays 1 a step. `ends`: whether its step terminates; else a limit cuts it."""

    observation_space = spaces.Box(0, 1, (2,), np.float32)
    action_space = spaces.Discrete(2, start=3)

    def __init__(self, ends=False):
        self.ends = ends

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.ones(2, np.float32), {}

    def step(self, action):
        assert action in (3, 4)
        return np.ones(2, np.float32), 1.0, self.ends, False, {}


CORRIDOR = {
    cell: {
        0: [(1.0, max(cell - 1, 0), 0.05 if cell == 0 else 0.0, False)],
        1: [(1.0, min(cell + 1, 3), float(cell == 3), cell == 3)],
    }
    for cell in range(4)
}


class Corridor(gymnasium.Env):
    """Four cells in a row; leaving to the right pays 1 and ends, staying at the left 0.05."""

    observation_space = spaces.Discrete(4)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.cell = int(self.np_random.integers(4))
        return self.cell, {}

    def step(self, action):
        (_, self.cell, reward, ended), *_ = CORRIDOR[self.cell][int(action)]
        return self.cell, reward, ended, False, {}


class Reach(gymnasium.Env):
    """One continuous action whose best value is 0.5 in [-2, 2]; a step is an episode."""

    observation_space = spaces.Box(-1, 1, (1,), np.float32)
    action_space = spaces.Box(-2, 2, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}

    def step(self, action):
        assert self.action_space.contains(action)
        return np.zeros(1, np.float32), -float((action[0] - 0.5) ** 2), True, False, {}


for name, entry, limit in (("Steady", Steady, 5), ("Corridor", Corridor, 20), ("Reach", Reach, 9)):
    gymnasium.register(f"Latimer{name}-v0", entry, max_episode_steps=limit)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_discrete_policies_are_pytorchs():
    policy, seen = Categorical(3, 4, (8,), 0, generator()), torch.randn(5, 3)
    with torch.no_grad():
        policy.network.layers[-1].weight.mul_(100)
    actions = torch.tensor([0, 1, 2, 3, 1])
    log_probs, entropy = policy.evaluate(seen, actions)
    expected = torch.distributions.Categorical(logits=policy.network(seen))
    torch.testing.assert_close(log_probs, expected.log_prob(actions))
    torch.testing.assert_close(entropy, expected.entropy())
    drawn = policy.sample(seen[:1].expand(20_000, 3), generator(1))
    shares = torch.bincount(drawn, minlength=4) / 20_000
    torch.testing.assert_close(shares, expected.probs[0], atol=0.015, rtol=0)
    assert policy.mode(seen).tolist() == expected.probs.argmax(1).tolist()


def test_continuous_policies_are_pytorchs():
    low, high = np.array([-2, -np.inf], np.float32), np.array([4, np.inf], np.float32)
    policy, seen = Gaussian(3, (8,), low, high, (2,), generator()), torch.randn(5, 3)
    with torch.no_grad():
        policy.log_deviation.copy_(torch.tensor([0.3, -0.5]))
    actions = torch.randn(5, 2)
    log_probs, entropy = policy.evaluate(seen, actions)
    expected = torch.distributions.Normal(policy.network(seen), policy.log_deviation.exp())
    torch.testing.assert_close(log_probs, expected.log_prob(actions).sum(1))
    torch.testing.assert_close(entropy, expected.entropy().sum(1))
    drawn = policy.sample(seen[:1].expand(20_000, 3), generator(1))
    torch.testing.assert_close(drawn.mean(0), expected.mean[0], atol=0.03, rtol=0)
    torch.testing.assert_close(drawn.std(0), expected.stddev[0], atol=0.03, rtol=0)
    there = policy.to_environment(torch.tensor([[0.0, 7.0], [-9.0, -7.0], [0.5, 0.0]]))
    assert there.tolist() == [[1.0, 7.0], [-2.0, -7.0], [2.5, 0.0]]


def test_the_surrogate_is_clipped_where_it_should_be():
    old = torch.zeros(4)
    log_probs = torch.tensor([1.5, 1.5, 0.5, 0.5]).log().requires_grad_()
    advantages = torch.tensor([1.0, -1.0, 1.0, -1.0])
    loss = clipped_surrogate_loss(log_probs, old, advantages, 0.2)
    assert loss.item() == pytest.approx(-(1.2 - 1.5 + 0.5 - 0.8) / 4)
    (gradient,) = torch.autograd.grad(loss, log_probs)
    assert gradient[[0, 3]].tolist() == [0, 0]
    assert gradient[[1, 2]].tolist() == pytest.approx([1.5 / 4, -0.5 / 4])
    together = policy_gradient_loss(log_probs, advantages)
    (plain,) = torch.autograd.grad(together, log_probs)
    assert plain.tolist() == [-0.25, 0.25, -0.25, 0.25]


def test_a_descent_is_pytorchs_clipping_and_adam():
    ours, theirs = (MLP((3, 5, 1), 1.0, generator()) for _ in range(2))
    steps = [torch.optim.Adam(net.parameters(), lr=0.1) for net in (ours, theirs)]
    inputs = torch.randn(7, 3)
    for _ in range(3):
        _descend(ours, steps[0], ours(inputs).square().sum(), 0.3)
        theirs(inputs).square().sum().backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.3)
        steps[1].step()
        steps[1].zero_grad()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def constant(value):
    return lambda seen: torch.full((*seen.shape[:-1], 1), value)


def test_advantages_with_a_constant_critic_by_hand():
    # Copy 0 ends in step 1, copy 1 is cut off there; both are then reset, and go on for a step.
    rollout = Rollout(
        torch.zeros(5, 2, 1),
        torch.zeros(4, 2),
        torch.tensor([[1.0, 1.0], [2.0, 2.0], [99.0, 99.0], [3.0, 3.0]]),
        torch.tensor([[0.5, 0.5], [0.0, 0.5], [0.5, 0.5], [0.5, 0.5]]),
        torch.tensor([[True, True], [True, True], [False, False], [True, True]]),
    )
    advantages, returns = advantages_and_returns(rollout, constant(4.0), 0.5)
    # δ of the ending step: 2 - 4 = -2; cut off: 2 + 2 - 4 = 0. Of the first: 1 + 2 - 4 = -1.
    # Nothing of the reset or of the step after it comes back.
    assert advantages[:, 0].tolist() == [-1 + 0.25 * -2, -2.0, 0.0, 1.0]
    assert advantages[:, 1].tolist() == [-1.0, 0.0, 0.0, 1.0]
    assert returns.tolist() == (advantages + 4).tolist()


def test_steps_in_which_a_copy_was_reset_are_marked():
    envs = VectorEnv(find_environment("LatimerSteady-v0"), 2, 0)
    seen = [envs.step(np.array([3, 4])) for _ in range(8)]
    assert [step.truncated.tolist() for step in seen[3:6]] == [[False] * 2, [True] * 2, [False] * 2]
    assert [bool(step.valid.all()) for step in seen] == [True] * 5 + [False] + [True] * 2
    assert envs.steps == 14
    assert envs.returns == [(10, 5.0), (10, 5.0)]
    corridors = VectorEnv(find_environment("LatimerCorridor-v0"), 3, 0)
    assert corridors.observation.sum(1).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("settings", "value"),
    [({"ends": False}, 10.0), ({"ends": True}, 1.0)],
    ids=["cut off: 1 / (1 - γ)", "ended: 1"],
)
def test_a_critic_bootstraps_where_a_limit_cut_and_not_where_it_ended(settings, value):
    found = train(
        find_environment("LatimerSteady-v0", settings), "a2c", steps=10_000,
        settings={
            "discount": 0.9, "critic_learning_rate": 2e-2, "gae_lambda": 0.9,
            "max_gradient_norm": 10.0,
        },
    )  # fmt: skip
    estimate = found.learner.critic(torch.ones(1, 2)).item()
    assert estimate == pytest.approx(value, abs=0.2)


def test_deep_q_learning_finds_the_exact_action_values():
    found = train(
        "LatimerCorridor-v0", "dqn", steps=3_000, seed=1,
        settings={
            "discount": 0.8, "exploration": 1.0, "epsilon": (1.0, 0.5), "warmup": 200,
            "hidden": (32,),
        },
    )  # fmt: skip
    mdp = FiniteMDP.from_table(CORRIDOR, 0.8)
    exact = mdp.action_values(policy_iteration(mdp).values)
    learned = found.learner.network(torch.eye(4)).detach().numpy()
    np.testing.assert_allclose(learned, exact, atol=0.03)


@pytest.mark.parametrize(
    ("algorithm", "steps", "more"), [("a2c", 16_000, {}), ("ppo", 4_000, {"epochs": 10})]
)
def test_actor_critic_finds_the_best_policy_and_its_values(algorithm, steps, more):
    rates = {"actor_learning_rate": 5e-3, "critic_learning_rate": 5e-3}
    found = train(
        "LatimerCorridor-v0", algorithm, steps=steps, seed=2,
        settings={"discount": 0.8, "entropy": 0.0, **rates, **more},
    )  # fmt: skip
    mdp = FiniteMDP.from_table(CORRIDOR, 0.8)
    exact = policy_iteration(mdp)
    assert found.learner.act(torch.eye(4)).tolist() == exact.policy.tolist() == [1, 1, 1, 1]
    values = found.learner.critic(torch.eye(4)).squeeze(1).detach().numpy()
    np.testing.assert_allclose(values, exact.values, atol=0.1)


@pytest.mark.parametrize(
    ("algorithm", "steps", "overrides"),
    [
        ("ppo", 3_000, {"actor_learning_rate": 5e-3, "epochs": 10}),
        ("dynamics", 400, {"horizon": 2}),
    ],
)
def test_the_best_continuous_action_is_found(algorithm, steps, overrides):
    found = train("LatimerReach-v0", algorithm, steps=steps, settings=overrides)
    action = found.learner.act(torch.zeros(1, 1))
    if algorithm == "ppo":
        action = torch.as_tensor(found.learner.actor.to_environment(action))
    assert action.item() == pytest.approx(0.5, abs=0.15)
    assert found.returns[-50:].mean() > found.returns[:50].mean()


@pytest.mark.parametrize("horizon", [4, 6])
def test_plans_in_a_learned_model_are_the_exact_ones(horizon):
    overrides = {"horizon": horizon, "updates": 200}
    found = train("LatimerCorridor-v0", "dynamics", steps=260, settings=overrides)
    exact = finite_horizon(FiniteMDP.from_table(CORRIDOR, 0.99), horizon)
    # With six steps it pays to stay at the left for two of them first, with four it does not.
    assert exact.policy[-1].tolist() == [0, 0, 1, 1] if horizon == 6 else [1, 1, 1, 1]
    assert found.learner.act(torch.eye(4)).argmax(1).tolist() == exact.policy[-1].tolist()
    after, reward, going = found.learner.model.step(torch.eye(4)[3:], torch.tensor([[0.0, 1.0]]))
    assert reward.item() == pytest.approx(1, abs=0.1)
    assert going.item() < 0.1
    assert after.shape == (1, 4)


def test_what_is_replayed_is_what_was_lived_last():
    replay = Replay(5, 1, torch.device("cpu"))
    for start in (0, 4):
        numbers = torch.arange(start, start + 4)
        seen = numbers[:, None].float()
        replay.add(seen, numbers, numbers.float(), numbers * 0.5, -seen)
    assert sorted(replay.held()[1].tolist()) == [3, 4, 5, 6, 7]
    before, actions, rewards, discounts, after = replay.draw(5_000, generator())
    shares = torch.bincount(actions) / 5_000
    torch.testing.assert_close(shares[3:], torch.full((5,), 0.2), atol=0.03, rtol=0)
    assert not shares[:3].any()
    for part in (before[:, 0], rewards, discounts * 2, -after[:, 0]):
        assert torch.equal(part, actions.float())


def test_actor_and_critic_share_nothing():
    envs = VectorEnv(find_environment("CartPole-v1"), 2, 0)
    agent = ActorCritic(envs.spaces, A2C(), generator(), torch.device("cpu"))
    shared = {p.data_ptr() for p in agent.actor.parameters()} & {
        p.data_ptr() for p in agent.critic.parameters()
    }
    assert not shared
    rollout = collect(envs, agent.actor, 4, 0.9, generator(), torch.device("cpu"))
    assert rollout.observations.shape == (5, 2, 4)
    assert rollout.rewards.shape == rollout.valid.shape == (4, 2)


@pytest.mark.parametrize(
    ("algorithm", "environment", "steps"),
    [
        ("a2c", "CartPole-v1", 600),
        ("ppo", "Pendulum-v1", 600),
        ("dqn", "CartPole-v1", 600),
        ("dynamics", "Pendulum-v1", 110),
    ],
)
def test_the_same_seed_gives_the_same_result(algorithm, environment, steps):
    early = {"warmup": 100, "updates": 20} if algorithm in ("dqn", "dynamics") else {}

    def figures(seed):
        found = train(environment, algorithm, steps=steps, seed=seed, settings=early)
        parameters = [p for m in found.learner.modules.values() for p in m.parameters()]
        weights = [p.detach().clone() for p in parameters]
        return found.returns.tolist(), torch.cat([w.flatten() for w in weights]).tolist()

    first = figures(3)
    assert first == figures(3)
    assert first != figures(4)


@pytest.mark.parametrize(
    ("returns", "step"),
    [([0.0] * 80 + [100.0] * 70, 1100), ([100.0] * 99, None), ([29] * 150, None)],
)
def test_it_is_solved_when_a_hundred_episodes_first_reach_the_mean(returns, step):
    # The mean of the last hundred is 30 after 30 episodes of 100, which are 110 in all.
    ends = np.arange(10, 10 * len(returns) + 1, 10)
    found = Trained("ppo", *[None] * 5, np.array(returns), ends, 2_000, 0.0)
    assert found.solved_at(29.5) == step


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Moon-v0", "ppo", {}), "Moon-v0 is no file, no Gymnasium environment"),
        (("CartPole-v1", "pppo", {}), "valid choices: a2c, ppo, dqn, dynamics"),
        (("CartPole-v1", "ppo", {"speed": 1}), "ppo has no setting 'speed'; there are: copies"),
        (("Pendulum-v1", "dqn", {}), "dqn needs finitely many actions"),
        (("Blackjack-v1", "ppo", {}), "Box or Discrete expected"),
    ],
)
def test_what_cannot_be_is_named(arguments, message):
    environment, algorithm, settings = arguments
    with pytest.raises(InputError, match=message):
        train(environment, algorithm, steps=100, settings=settings)
