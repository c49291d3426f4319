"""Every method raises the reward it is given, and with the rewards of other sentences it does not.

The task is small but real: to translate, word by word, a language of six words, by a translator
that likelihood has taught half of it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch

from latimer.metrics.sentence_bleu import prefix_bleu
from latimer.nn.dropout import noise
from latimer.nn.seq2seq import Seq2Seq
from latimer.text.batching import Batch
from latimer.text.vocabulary.subwords import BOS, EOS
from latimer.train.objectives.actor_critic import ActorCritic, CriticSettings
from latimer.train.objectives.baselines import BASELINES
from latimer.train.objectives.critic_targets import TARGETS
from latimer.train.objectives.likelihood import Likelihood
from latimer.train.objectives.minimum_risk import MinimumRisk
from latimer.train.objectives.mixer import Mixer
from latimer.train.objectives.objective import Objective
from latimer.train.objectives.ppo import PolicyLimits, Ppo
from latimer.train.objectives.reinforce import Reinforce
from latimer.train.objectives.trajectories import Draw
from networks import build_from_keys, critic_from_keys
from selection import few

FIRST, WORDS, LENGTH, SENTENCES, WIDTH = 4, 6, 4, 24, 24
VOCAB = FIRST + WORDS
SAMPLES, UPDATES, PRETRAINING, RISE = 5, 20, 35, 0.1


def batch(seed: int, shuffled: bool = False) -> Batch:
    """Random sentences and their translations; shuffled, each has that of another."""
    source = torch.randint(WORDS, (SENTENCES, LENGTH), generator=torch.manual_seed(seed))
    words = (source * 5 + 1) % WORDS + FIRST
    if shuffled:
        words = words.roll(1, 0)
    end, begin = torch.full((SENTENCES, 1), EOS), torch.full((SENTENCES, 1), BOS)
    lengths = torch.full((SENTENCES,), LENGTH + 1)
    target = torch.cat([begin, words, end], 1)
    return Batch(torch.cat([source + FIRST, end], 1), lengths, target, lengths)


def optimise(objective: Objective, batches: Callable[[int], Batch], updates: int) -> None:
    groups = [
        {"params": list(objective.modules[name].parameters()), "lr": rate}
        for name in objective.trained
        for rate in [3e-3 if name == "network" else 1e-2]
    ]
    optimiser = torch.optim.Adam(groups)
    with noise(torch.Generator().manual_seed(1)):
        for update in range(updates):
            optimiser.zero_grad()
            loss = objective.loss(batches(update))
            loss.value.backward()
            optimiser.step()
            objective.updated({name: float(v) for name, v in loss.figures.items()})


@pytest.fixture(scope="module")
def taught() -> Seq2Seq:
    torch.manual_seed(3)
    network = build_from_keys(
        source_vocab=VOCAB, target_vocab=VOCAB, embedding=WIDTH, encoder_size=WIDTH,
        decoder_size=WIDTH, attention_size=WIDTH, readout=WIDTH, dropout=0.0,
    )  # fmt: skip
    optimise(Likelihood(network, 0.0), batch, 75)
    return network


def reward_of(network: Seq2Seq) -> float:
    """Mean score of translations drawn for sentences that were never seen, the right way round."""
    with noise(torch.Generator().manual_seed(9)):
        drawn = [Draw(prefix_bleu, 20)(network, batch(1000 + k)).scores for k in range(4)]
    return float(torch.cat(drawn).mean())


def actor_critic(target: str, gradient: str) -> Callable[[Seq2Seq], Objective]:
    def make(network: Seq2Seq) -> Objective:
        torch.manual_seed(5)
        critic = critic_from_keys(
            reads="reference", source_vocab=VOCAB, target_vocab=VOCAB, embedding=WIDTH,
            encoder_size=WIDTH // 2, decoder_size=WIDTH, attention_size=WIDTH, readout=WIDTH,
            dropout=0.0, head="pointer",
        )  # fmt: skip
        settings = CriticSettings(target, target_update_rate=0.2, gradient=gradient)
        draw = Draw(prefix_bleu, SAMPLES)
        return ActorCritic(network, critic, draw, settings, pretraining=PRETRAINING)

    return make


def reinforce(baseline: str) -> Callable[[Seq2Seq], Objective]:
    return lambda net: Reinforce(net, Draw(prefix_bleu, SAMPLES), BASELINES[baseline](WIDTH))


METHODS: dict[str, Callable[[Seq2Seq], Objective]] = {
    **{f"reinforce, {name}": reinforce(name) for name in BASELINES if name != "none"},
    "minimum risk": lambda net: MinimumRisk(net, Draw(prefix_bleu, SAMPLES), sharpness=0.5),
    "ppo": lambda net: Ppo(net, Draw(prefix_bleu, SAMPLES), PolicyLimits(0.2, 0.0, 2)),
    "mixer": lambda net: Mixer(
        net, Draw(prefix_bleu, SAMPLES), BASELINES["leave_one_out"](WIDTH), delta=5, every=1
    ),
    **{f"actor-critic, {name}": actor_critic(name, "all") for name in TARGETS},
    "actor-critic, corrected": actor_critic("expected_sarsa", "corrected"),
    "actor-critic, drawn": actor_critic("expected_sarsa", "drawn"),
}


QUICK = (
    "reinforce, leave_one_out", "reinforce, to_go", "minimum risk", "ppo", "mixer",
    "actor-critic, expected_sarsa",
)  # fmt: skip


@pytest.mark.parametrize("name", few(METHODS, *QUICK))
def test_the_reward_rises_and_that_of_others_teaches_nothing(taught: Seq2Seq, name: str) -> None:
    before = reward_of(taught)
    assert 0.3 < before < 0.7
    gains = []
    for shuffled in (False, True):
        network = copy.deepcopy(taught)
        updates = UPDATES + (PRETRAINING if name.startswith("actor") else 0)

        def batches(update: int, shuffled: bool = shuffled) -> Batch:
            return batch(100 + update, shuffled)

        optimise(METHODS[name](network), batches, updates)
        gains.append(reward_of(network) - before)
    assert gains[0] > RISE
    assert gains[1] < 0
