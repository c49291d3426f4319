"""Section `objective`: one class of settings for each kind of objective."""

from latimer.recipe.objectives.kinds import OBJECTIVES, Objective
from latimer.recipe.objectives.settings import ObjectiveSettings, RewardSettings

__all__ = ["OBJECTIVES", "Objective", "ObjectiveSettings", "RewardSettings"]
