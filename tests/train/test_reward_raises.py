"""Reward raised by the updates of training itself, with no baseline and with a critic.

`test_reward_rises` has all other methods, and rewards of others, which teach nothing.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from latimer.text.batching import Batch
from latimer.text.vocabulary.subwords import BOS, EOS
from latimer.train.loop.distributed import Group
from latimer.train.loop.update import Updater, build_optimisers
from latimer.train.loop.workers import Workers
from latimer.train.objectives.actor_critic import ActorCritic, CriticSettings
from latimer.train.objectives.baselines import BASELINES
from latimer.train.objectives.objective import Objective
from latimer.train.objectives.reinforce import Reinforce
from latimer.train.objectives.trajectories import Draw, Scores
from networks import build_from_keys, critic_from_keys

VOCAB, LENGTH, UPDATES = 8, 3, 120


def agreement(tokens: Tensor, lengths: Tensor, references: Tensor, wanted: Tensor) -> Tensor:
    """The share of the reference's places at which the right token stands."""
    time = torch.arange(tokens.shape[1])
    width = min(tokens.shape[1], references.shape[1])
    right = torch.zeros(tokens.shape, dtype=torch.float64)
    right[:, :width] = (tokens[:, :width] == references[:, :width]).double()
    inside = (time < lengths[:, None]) & (time < wanted[:, None])
    return (right * inside).cumsum(1) / LENGTH


def batches(count: int) -> list[Batch]:
    """Sources at random, and always the same reference."""
    generator = torch.Generator().manual_seed(1)
    found = []
    for _ in range(count):
        source = torch.randint(EOS + 1, VOCAB, (16, LENGTH + 1), generator=generator)
        source[:, -1] = EOS
        target = torch.tensor([BOS, 6, 4, 7, EOS]).expand(16, -1).contiguous()
        lengths = torch.full((16,), LENGTH + 1)
        found.append(Batch(source, lengths, target, lengths))
    return found


def objective(method: str, reward: Scores) -> Objective:
    torch.manual_seed(0)
    sizes = {"embedding": 8, "encoder_size": 8, "decoder_size": 16, "attention_size": 8}
    vocabularies = {"source_vocab": VOCAB, "target_vocab": VOCAB}
    network = build_from_keys(**vocabularies, **sizes, readout=8, dropout=0.0)  # type: ignore[arg-type]
    several, one = (Draw(reward, count, max_length=LENGTH + 2) for count in (5, 2))
    if method in BASELINES:
        return Reinforce(network, several, BASELINES[method](8))
    critic = critic_from_keys(reads="reference", **vocabularies, **sizes, readout=8, dropout=0.0)
    settings = CriticSettings(target=method, penalty=1e-4, target_update_rate=0.1)
    return ActorCritic(network, critic, one, settings, pretraining=20)


def rewards(method: str, reward: Scores) -> tuple[float, float]:
    """The mean score of what is drawn in the first and the last updates.

    1/3 is what a policy gets that writes one token always, as one that drifts may come to do.
    """
    made = objective(method, reward)
    optimisers = build_optimisers(made, weight_decay=0.0)
    updater = Updater(made, optimisers, clip=1.0, workers=Workers(seed=3), group=Group())
    found = []
    for number, batch in enumerate(batches(UPDATES), 1):
        step = updater.update(batch, number, 2e-2, seconds=0.0, interrupted=False)
        found.append(step.sums["reward"] / step.weight)
    return sum(found[:10]) / 10, sum(found[-10:]) / 10


@pytest.mark.parametrize("method", ["none", "expected_sarsa"])
def test_the_reward_rises(method: str) -> None:
    first, last = rewards(method, agreement)
    assert first < 0.5
    assert last > 0.6
