"""What the actor does with a critic: right in the mean where theory says so."""

from __future__ import annotations

from typing import cast

import pytest
import tiny_world as tiny
import torch
from torch import Tensor, nn

from latimer.nn.dropout import noise, silence
from latimer.nn.output import Output
from latimer.nn.rl.critic import Values
from latimer.nn.seq2seq import Seq2Seq
from latimer.rl.td_targets import monte_carlo
from latimer.text.batching import Batch
from latimer.text.vocabulary.subwords import EOS
from latimer.train.objectives.actor_critic import ActorCritic, CriticSettings
from latimer.train.objectives.actor_gradients import ACTOR_GRADIENTS, Seen
from latimer.train.objectives.critic_targets import Delayed, state_values
from latimer.train.objectives.trajectories import Draw, Trajectories, features_of, less_others


def everything() -> Trajectories:
    rows = tiny.sequences()
    return tiny.draw(len(rows)).judged(tiny.samples([rows]), tiny.batch())


def prefixes(found: Trajectories) -> list[tuple[int, ...]]:
    """What was written before each action, packed."""
    time, rows = found.actions.shape[1], range(len(found.actions))
    return [
        tuple(found.actions[row, :t].tolist())
        for t in range(time)
        for row in rows
        if t < int(found.lengths[row])
    ]


def table(found: Trajectories, values: dict[tuple[int, ...], Tensor]) -> Values:
    """A critic of exactly these values."""
    rows = torch.stack([values[prefix] for prefix in prefixes(found)])
    output = Output(nn.Parameter(rows.t().contiguous())).double()
    return Values(output, torch.eye(len(rows)).double(), torch.zeros(len(rows)).double())


def states(net: Seq2Seq, found: Trajectories, critic: Values) -> Delayed:
    with torch.no_grad(), silence():
        return Delayed(features_of(net, tiny.batch(), found), net.output, critic, EOS)


def true_gradient(net: Seq2Seq) -> list[Tensor]:
    rows = tiny.sequences()
    return tiny.gradient((tiny.log_policy(net, rows).exp() * tiny.returns(rows)).sum(), net)


def test_values_of_states_are_those_of_the_policy() -> None:
    net, found = tiny.network(), everything()
    values = tiny.exact_values(net)
    said = found.packed(state_values(found, states(net, found, table(found, values))))
    for prefix, value in zip(prefixes(found), said.tolist(), strict=True):
        wanted = (tiny.next_chances(net, prefix) * values[prefix][EOS:]).sum()
        assert value == pytest.approx(float(wanted), abs=1e-6)


@pytest.mark.parametrize("name", ["drawn", "corrected"])
def test_right_in_the_mean_whatever_the_critic_says(name: str) -> None:
    net, found = tiny.network(), everything()
    torch.manual_seed(4)
    values = {prefix: torch.randn(tiny.VOCAB).double() for prefix in tiny.exact_values(net)}
    chances = found.scattered(tiny.log_policy(net, tiny.sequences()).exp().detach()[None])
    weights = found.packed(chances[:, None].expand(found.actions.shape))
    critic = table(found, values)
    delayed = states(net, found, critic)
    with silence():
        features = features_of(net, tiny.batch(), found)
    seen = Seen(  # each translation drawn as often as its chance is
        features, net.output, found.packed(found.actions),
        found.packed(monte_carlo(found.rewards, found.discounts)), critic,
        lambda: found.packed(state_values(found, delayed)), weights, lambda gains: weights * gains,
        EOS, 1.0,
    )  # fmt: skip
    ours = tiny.gradient(-ACTOR_GRADIENTS[name](seen).loss, net)
    tiny.assert_same(ours, true_gradient(net))


def test_others_are_those_of_the_sentence_at_the_same_time() -> None:
    rows = [[[4, 5, EOS], [6, EOS], [5, 5, 5]], [[EOS], [4, EOS], [6, EOS]]]
    found = tiny.draw(3).judged(tiny.samples(rows), tiny.batch(2))
    told = torch.zeros(6, 3)
    told[:3] = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 0.0], [7.0, 8.0, 9.0]])
    told[3:] = torch.tensor([[1.0, 0.0, 0.0], [2.0, 3.0, 0.0], [6.0, 7.0, 0.0]])
    wanted = torch.zeros(6, 3)
    wanted[:3] = torch.tensor([[-4.5, -4.5, -1.5], [0.0, 0.0, 0.0], [4.5, 4.5, 7.5]])
    wanted[3:] = torch.tensor([[-3.0, 0.0, 0.0], [-1.5, -0.5, 0.0], [4.5, 5.5, 0.0]])
    ours = less_others(found, found.packed(told[found.places]))
    torch.testing.assert_close(ours, found.packed(wanted[found.places]))
    alone = tiny.draw(1).judged(tiny.samples([[[4, EOS]]]), tiny.batch())
    values = torch.tensor([2.0, 3.0])
    assert torch.equal(less_others(alone, values), values)


@pytest.mark.parametrize("name", ACTOR_GRADIENTS)
def test_what_is_drawn_comes_from_whom_the_gradient_asks(name: str) -> None:
    net = tiny.network()
    critic = tiny.critic()
    asked: list[object] = []

    class Drawing:
        temperature = 1.0

        def __call__(self, network: Seq2Seq, batch: Batch) -> Trajectories:
            asked.append(network)
            return tiny.draw(2)(network, batch)

    settings = CriticSettings(gradient=name)
    objective = ActorCritic(net, critic, cast(Draw, Drawing()), settings)
    with noise(torch.Generator().manual_seed(2)):
        objective.loss(tiny.batch())
    wanted = objective.delayed_network if name == "all" else objective.network
    assert asked == [wanted]


@pytest.mark.parametrize("name", ACTOR_GRADIENTS)
def test_the_entropy_told_is_of_the_policy_that_is_drawn_from(name: str) -> None:
    net, rows = tiny.network(), [[4, 5, EOS], [6, EOS], [6, EOS]]

    class Drawing:
        temperature = 0.5

        def __call__(self, network: Seq2Seq, batch: Batch) -> Trajectories:
            return tiny.draw(3).judged(tiny.samples([rows]), batch)

    settings = CriticSettings(gradient=name)
    objective = ActorCritic(net, tiny.critic(), cast(Draw, Drawing()), settings)
    told = objective.loss(tiny.batch()).figures["entropy"]
    wanted = -tiny.log_policy(net, rows, temperature=0.5).sum() / (3 + 2 + 2)
    assert float(told) == pytest.approx(float(wanted.detach()))
