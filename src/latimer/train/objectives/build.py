"""From a recipe to its objective."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from latimer.metrics.rewards import reward_named
from latimer.nn.rl.critic import Critic, build_critic
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import Recipe
from latimer.text.vocabulary.vocabulary import Vocabulary
from latimer.train.objectives.actor_critic import ActorCritic, CriticSettings
from latimer.train.objectives.baselines import BASELINES
from latimer.train.objectives.likelihood import Likelihood
from latimer.train.objectives.minimum_risk import MinimumRisk
from latimer.train.objectives.mixer import Mixer
from latimer.train.objectives.objective import Objective
from latimer.train.objectives.ppo import Leash, Ppo
from latimer.train.objectives.reinforce import Reinforce
from latimer.train.objectives.scheduled_sampling import ScheduledSampling
from latimer.train.objectives.trajectories import Draw

CRITIC = ("critic", "delayed_critic")
"""The modules of an objective that the next phase goes on with, if it has a critic too."""

FOREVER = 2**62
"""Updates of pre-training in a phase of nothing else."""


def build_objective(
    recipe: Recipe, network: Seq2Seq, vocabulary: Vocabulary, device: torch.device
) -> Objective:
    """The objective that `recipe` asks for; what it learns besides the network is on `device`.

    Raises InputError for a reward that is not there.
    """
    objective = OBJECTIVES[recipe.objective.kind](recipe, network, build_draw(recipe, vocabulary))
    for module in objective.modules.values():
        module.to(device)
    return objective


def build_draw(recipe: Recipe, vocabulary: Vocabulary) -> Draw:
    """What draws translations; raises InputError for a reward that is not there."""
    asked = recipe.objective
    reward = reward_named(asked.reward, vocabulary.target)
    return Draw(reward, asked.samples, asked.temperature, asked.max_length)


def _likelihood(recipe: Recipe, network: Seq2Seq, draw: Draw) -> Objective:
    return Likelihood(network, recipe.training.label_smoothing)


def _reinforce(recipe: Recipe, network: Seq2Seq, draw: Draw) -> Objective:
    asked = recipe.objective
    baseline = BASELINES[asked.baseline](recipe.model.readout)
    return Reinforce(network, draw, baseline, likelihood=asked.likelihood)


def _mixer(recipe: Recipe, network: Seq2Seq, draw: Draw) -> Objective:
    asked = recipe.objective
    baseline = BASELINES[asked.baseline](recipe.model.readout)
    return Mixer(network, draw, baseline, step=asked.border_step, every=asked.border_updates)


def _minimum_risk(recipe: Recipe, network: Seq2Seq, draw: Draw) -> Objective:
    asked = recipe.objective
    return MinimumRisk(network, draw, sharpness=asked.sharpness, likelihood=asked.likelihood)


def _actor_critic(recipe: Recipe, network: Seq2Seq, draw: Draw) -> Objective:
    return _with_critic(
        recipe, network, draw, recipe.critic.pretraining, recipe.objective.likelihood
    )


def _critic_alone(recipe: Recipe, network: Seq2Seq, draw: Draw) -> Objective:
    return _with_critic(recipe, network, draw, FOREVER, 0.0)


def _with_critic(
    recipe: Recipe, network: Seq2Seq, draw: Draw, pretraining: int, likelihood: float
) -> Objective:
    asked = recipe.critic
    settings = CriticSettings(
        asked.target, asked.trace, asked.penalty, asked.follow, asked.which_follow_actor,
        asked.gradient,
    )  # fmt: skip
    return ActorCritic(
        network, _critic(recipe, network), draw, settings,
        likelihood=likelihood, pretraining=pretraining,
    )  # fmt: skip


def _critic(recipe: Recipe, network: Seq2Seq) -> Critic:
    """A critic with the actor's kind of cell, and widths of its own."""
    read = network.encoder.embedding
    assert isinstance(read, nn.Embedding)
    source, target = read.num_embeddings, network.decoder.embedding.num_embeddings
    return build_critic(
        reads=recipe.critic.reads, source_vocab=source, target_vocab=target,
        head=recipe.critic.which_head, joint=recipe.subwords.joint, **critic_options(recipe),
    )  # fmt: skip


def critic_options(recipe: Recipe) -> dict[str, Any]:
    """Keywords of `build_critic` that do not depend on the vocabularies."""
    asked = recipe.critic
    return {
        "cell": recipe.model.cell, "embedding": asked.embedding,
        "encoder_size": max(1, asked.size // 2), "decoder_size": asked.size,
        "attention_size": max(1, asked.size // 2), "readout": asked.embedding, "dropout": 0.0,
    }  # fmt: skip


def _ppo(recipe: Recipe, network: Seq2Seq, draw: Draw) -> Objective:
    asked = recipe.objective
    leash = Leash(asked.clip, asked.leash, asked.refresh)
    return Ppo(network, draw, leash, likelihood=asked.likelihood)


def _scheduled_sampling(recipe: Recipe, network: Seq2Seq, draw: Draw) -> Objective:
    asked, smoothing = recipe.objective, recipe.training.label_smoothing
    return ScheduledSampling(network, smoothing, truth=asked.truth, updates=asked.truth_updates)


OBJECTIVES: dict[str, Callable[[Recipe, Seq2Seq, Draw], Objective]] = {
    "likelihood": _likelihood,
    "scheduled_sampling": _scheduled_sampling,
    "reinforce": _reinforce,
    "mixer": _mixer,
    "minimum_risk": _minimum_risk,
    "ppo": _ppo,
    "actor_critic": _actor_critic,
    "critic": _critic_alone,
}
"""By `objective.kind`."""
