"""From a recipe to its objective."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from latimer.metrics.rewards import reward_named
from latimer.nn.names import Part
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import Recipe
from latimer.recipe.objectives import RewardSettings
from latimer.text.vocabulary.vocabulary import Vocabulary
from latimer.train.objectives.objective import Objective
from latimer.train.objectives.trajectories import Draw


@dataclass(frozen=True)
class Ingredients:
    """The arguments of an objective's builder besides its settings."""

    recipe: Recipe
    network: Seq2Seq
    vocabulary: Vocabulary

    def draw(self, settings: RewardSettings) -> Draw:
        """The sampler of translations; raises InputError for an unknown reward."""
        return build_draw(self.recipe, settings, self.vocabulary)


def build_objective(
    recipe: Recipe, network: Seq2Seq, vocabulary: Vocabulary, device: torch.device
) -> Objective:
    """The objective of `recipe`, with its modules on `device`.

    It is built by the function that `ObjectiveSettings.builder` names, from the settings and the
    `Ingredients`. Raises InputError for an unknown reward.
    """
    settings = recipe.objective
    build = Part(settings.builder).load()
    objective: Objective = build(settings, Ingredients(recipe, network, vocabulary))
    for module in objective.modules.values():
        module.to(device)
    return objective


def build_draw(recipe: Recipe, settings: RewardSettings, vocabulary: Vocabulary) -> Draw:
    """The sampler of translations; raises InputError for an unknown reward.

    It draws nothing longer than the network of `recipe` can write.
    """
    reward = reward_named(settings.reward, vocabulary.target)
    longest = recipe.model.at_most(settings.max_length)
    return Draw(reward, settings.samples, settings.temperature, longest)
