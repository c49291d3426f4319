"""PPO against its objective written out, and scheduled sampling against likelihood."""

from __future__ import annotations

import pytest
import tiny_world as tiny
import torch

from latimer.nn.dropout import noise, silence
from latimer.text.vocabulary.subwords import EOS
from latimer.train.objectives.baselines import BASELINES
from latimer.train.objectives.likelihood import Likelihood
from latimer.train.objectives.ppo import PolicyLimits, Ppo, clipped_weights
from latimer.train.objectives.reinforce import Reinforce
from latimer.train.objectives.scheduled_sampling import ScheduledSampling, mixed_inputs


def loss(objective):
    with noise(torch.Generator().manual_seed(11)):
        return objective.loss(tiny.batch(5))


def test_weights_are_those_of_the_clipped_objective() -> None:
    torch.manual_seed(1)
    moved = (torch.randn(200, dtype=torch.float64) * 0.4).requires_grad_()
    advantages = torch.randn(200, dtype=torch.float64)
    advantages[:5] = 0
    ratio = moved.exp()
    plain = torch.minimum(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages).sum()
    (gradient,) = torch.autograd.grad(plain, moved)
    weights, clipped = clipped_weights(moved.detach(), advantages, 0.2)
    torch.testing.assert_close(weights, gradient)
    assert bool(clipped.any())
    assert not bool(clipped.all())
    assert bool((weights[clipped] == 0).all())


def test_at_first_it_is_reinforce() -> None:
    net = tiny.network()
    draw = tiny.draw(4)
    ppo = Ppo(net, draw, PolicyLimits(kl_weight=0.0))
    plain = Reinforce(net, draw, BASELINES["leave_one_out"](6))
    tiny.assert_same(
        tiny.gradient(loss(ppo).value, net), tiny.gradient(loss(plain).value, net), 1e-6
    )


def test_the_kl_penalty_pulls_towards_the_start() -> None:
    """With a reward of 0 the expected gradient is that of the divergence from the start."""
    net = tiny.network()
    draw = tiny.draw(400)
    object.__setattr__(draw, "reward", lambda h, n, r, m: torch.zeros(h.shape, dtype=torch.float64))
    ppo = Ppo(net, draw, PolicyLimits(kl_weight=1.0, sync_every=1, clip=100.0))
    with torch.no_grad():
        net.output.bias[4] += 1.0
    ppo.updated({})  # what is drawn from is the present policy
    rows = tiny.sequences()
    start = tiny.log_policy(ppo.start, rows).detach()
    now = tiny.log_policy(net, rows)
    divergence = (now.exp() * (now - start)).sum()
    wanted = torch.cat([g.flatten() for g in tiny.gradient(divergence, net)])
    found = loss(ppo)
    ours = torch.cat([g.flatten() for g in tiny.gradient(found.value, net)])
    assert float(torch.nn.functional.cosine_similarity(ours, wanted, dim=0)) > 0.95
    assert float(found.figures["kl"]) == pytest.approx(float(divergence.detach()), rel=0.2)


def test_the_sampling_policy_is_synchronised() -> None:
    net = tiny.network()
    ppo = Ppo(net, tiny.draw(2), PolicyLimits(sync_every=2))
    with torch.no_grad():
        net.output.bias.add_(1.0)
    ppo.updated({})
    assert not torch.equal(ppo.old.output.bias, net.output.bias)
    ppo.updated({})
    assert torch.equal(ppo.old.output.bias, net.output.bias)
    assert not torch.equal(ppo.start.output.bias, net.output.bias)


def test_full_teacher_forcing_is_likelihood() -> None:
    net = tiny.network().eval()
    mixed = ScheduledSampling(net, 0.1, teacher_forcing_min=0.3, updates=10)
    assert mixed.share() == 1
    tiny.assert_same(
        tiny.gradient(loss(mixed).value, net),
        tiny.gradient(loss(Likelihood(net, 0.1)).value, net),
        0.0,
    )


def test_the_probability_of_teacher_forcing_decays_linearly() -> None:
    mixed = ScheduledSampling(tiny.network(), 0.1, teacher_forcing_min=0.2, updates=4)
    shares = []
    for _ in range(7):
        shares.append(mixed.share())
        mixed.updated({})
    assert shares == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2])


def test_tokens_read_are_drawn_from_the_network() -> None:
    net, batch = tiny.network(), tiny.batch(4000)
    with noise(torch.Generator().manual_seed(2)), silence():
        inputs = mixed_inputs(net, batch, 0.5)
    assert torch.equal(inputs[:, 0], batch.inputs[:, 0])
    wanted = torch.stack([tiny.log_policy(net, [[a]]).exp()[0] for a in range(EOS, tiny.VOCAB)])
    share = 0.5 * wanted.detach()
    share[batch.inputs[0, 1] - EOS] += 0.5
    found = torch.bincount(inputs[:, 1], minlength=tiny.VOCAB)[EOS:] / len(inputs)
    torch.testing.assert_close(found.double(), share, rtol=0, atol=0.03)
