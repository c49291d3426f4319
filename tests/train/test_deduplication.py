"""Translations drawn twice: read once, and the same gradients as reading them twice."""

from __future__ import annotations

import pytest
import tiny_world as tiny
import torch

from latimer.nn.dropout import noise, silence
from latimer.nn.rl.policy import policy_gradient
from latimer.text.vocabulary.subwords import EOS
from latimer.train.objectives import actor_critic
from latimer.train.objectives.actor_critic import ActorCritic, CriticSettings
from latimer.train.objectives.actor_gradients import ACTOR_GRADIENTS
from latimer.train.objectives.baselines import BASELINES
from latimer.train.objectives.deduplication import Deduplicated, deduplicated, firsts
from latimer.train.objectives.reinforce import Reinforce
from latimer.train.objectives.trajectories import Trajectories, features_of, first_action

ROWS = [[[4, EOS], [5, 6, EOS], [4, EOS], [4, EOS]], [[6, EOS], [EOS], [6, 6, 6], [EOS]]]


def drawn() -> Trajectories:
    return tiny.draw(4).judged(tiny.samples(ROWS), tiny.batch(2))


def test_each_row_leads_to_the_first_like_it() -> None:
    found = drawn()
    grouped = found.grouped(found.places[firsts(found)])
    assert grouped.tolist() == [[0, 1, 0, 0], [4, 5, 6, 5]]


def test_different_ones_are_kept_in_their_order_and_all_actions_are_found() -> None:
    found = drawn()
    several = deduplicated(found)
    distinct = several.distinct
    assert len(distinct.actions) == 5
    assert distinct.lengths.tolist() == sorted(distinct.lengths.tolist(), reverse=True)
    actions = distinct.packed(distinct.actions)
    assert torch.equal(several.every(actions), found.packed(found.actions))
    ones = several.summed(torch.ones(int(found.lengths.sum())))
    assert ones.sum() == found.lengths.sum()
    assert sorted(ones.tolist()) == [1.0] * 8 + [2.0] + [3.0] * 2


def test_the_end_is_told_from_padding() -> None:
    # A translation cut at the limit is not one that ended there.
    found = tiny.draw(2).judged(tiny.samples([[[4, 5, EOS], [4, 5, 6]]]), tiny.batch())
    assert len(deduplicated(found).distinct.actions) == 2


@pytest.mark.parametrize("name", BASELINES)
def test_gradients_are_those_of_reading_all(name: str) -> None:
    net, batch, found = tiny.network(), tiny.batch(2), drawn()
    draw = tiny.draw(4)
    baseline = BASELINES[name](tiny.network().output.weight.shape[1])
    for module in baseline.modules.values():
        module.double()
    objective = Reinforce(net, _Given(found, draw), baseline)  # type: ignore[arg-type]
    with noise(torch.Generator().manual_seed(1)):
        ours = tiny.gradient(objective.loss(batch).value, net)
    with silence():
        features = features_of(net, batch, found)
    advantages, own = baseline.advantages(found, features.values, net, batch, draw)
    plain = policy_gradient(
        features, net.output, found.packed(found.actions), advantages, first=first_action()
    )
    value = (plain.loss + own) / (found.samples * 2)
    tiny.assert_same(ours, tiny.gradient(value, net))


@pytest.mark.parametrize("target", ["expected_sarsa", "monte_carlo"])
@pytest.mark.parametrize("gradient", ACTOR_GRADIENTS)
def test_actor_and_critic_learn_the_same_from_reading_all(
    gradient: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, batch, found = tiny.network(), tiny.batch(2), drawn()
    critic = tiny.critic(head="pointer")
    torch.manual_seed(6)
    for parameter in critic.parameters():
        torch.nn.init.normal_(parameter)
    settings = CriticSettings(target, penalty=0.1, gradient=gradient)
    draw = _Given(found, tiny.draw(4))
    objective = ActorCritic(net, critic, draw, settings)  # type: ignore[arg-type]
    once = objective.loss(batch)
    ours = [tiny.gradient(once.value, net), tiny.gradient(objective.loss(batch).value, critic)]
    everything = Deduplicated(found, torch.arange(int(found.lengths.sum())))
    monkeypatch.setattr(actor_critic, "deduplicated", lambda found: everything)
    each = objective.loss(batch)
    theirs = [tiny.gradient(each.value, net), tiny.gradient(objective.loss(batch).value, critic)]
    for mine, its in zip(ours, theirs, strict=True):
        tiny.assert_same(mine, its)
    for name in ("reward", "critic_error", "explained_variance", "peak"):
        assert float(once.figures[name]) == pytest.approx(float(each.figures[name]), abs=1e-6)


class _Given:
    """Draws what it was given."""

    def __init__(self, found: Trajectories, draw: object) -> None:
        self.found, self.draw, self.temperature = found, draw, 1.0

    def __call__(self, network: object, batch: object) -> Trajectories:
        return self.found

    def __getattr__(self, name: str) -> object:
        return getattr(self.draw, name)
