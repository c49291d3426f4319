"""From a recipe to the loop's settings: intervals, learning rate and limits."""

from __future__ import annotations

from latimer.recipe import Recipe
from latimer.train.loop.budget import Budget
from latimer.train.loop.divergence import Limits
from latimer.train.loop.loop import LoopSettings, Rhythm
from latimer.train.loop.schedule import Schedule

NEVER = 2**62
"""More updates than any run makes."""


def rhythm_of(recipe: Recipe, report_every: int, save_minutes: float) -> Rhythm:
    """The intervals of a phase; `report_every` counts updates."""
    training, objective = recipe.training, recipe.objective
    return Rhythm(
        # A critic trained alone leaves the translator, and so its score, unchanged.
        validate=training.validate_every if objective.trains_translator else NEVER,
        first_validation=critic_updates(recipe),
        report=report_every,
        save_seconds=60 * save_minutes,
        plateau_patience=training.plateau_patience,
        unit=objective.loss_unit,
    )


def critic_updates(recipe: Recipe) -> int:
    """First updates in which only the critic learns, so that the translator does not change."""
    both = recipe.objective.has_critic and recipe.objective.trains_translator
    return recipe.critic.pretraining if both else 0


def loop_settings(recipe: Recipe, rhythm: Rhythm) -> LoopSettings:
    """Learning rate, limits and intervals of a phase."""
    training = recipe.training
    schedule = Schedule(
        training.learning_rate, training.schedule, training.warmup, training.decay,
        training.cooldown,
    )  # fmt: skip
    budget = Budget(
        None if training.max_minutes is None else 60 * training.max_minutes,
        training.max_epochs,
        training.max_updates,
        training.patience if recipe.objective.trains_translator else None,
        _limits(recipe),
    )
    return LoopSettings(schedule, budget, rhythm)


def _limits(recipe: Recipe) -> Limits | None:
    """The limits of divergence of a translator that learns from reward."""
    if not recipe.objective.needs_start or not recipe.objective.trains_translator:
        return None
    return Limits(pretraining=critic_updates(recipe))
