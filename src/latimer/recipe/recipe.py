"""A whole recipe, of its sections."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from latimer.nn.description import NetworkDescription
from latimer.recipe.critic import CriticSection
from latimer.recipe.data import Data, SubwordsSection
from latimer.recipe.objectives.kinds import LikelihoodSettings, Objective
from latimer.recipe.phases import (
    Part,
    Phase,
    PhaseName,
    check_alone,
    check_critic,
    check_phases,
    check_training,
    fill_phases,
)
from latimer.recipe.section import Section, TextFile, impossible
from latimer.recipe.training import Training
from latimer.search.constraints import LengthConstraints
from latimer.search.reading import SearchSection
from latimer.search.strategies import Beam


class Recipe(Section):
    """A whole run."""

    engine: Literal["neural"] = Field(default="neural", description="What the model is: a network.")
    seed: int = Field(
        default=1, ge=0, le=2**32 - 1, description="Random seed; the same seed gives the same run."
    )
    start: TextFile | None = Field(
        default=None,
        description="Folder of the model to start from; null: random initialisation.",
    )
    data: Data
    subwords: SubwordsSection = SubwordsSection()
    model: NetworkDescription = NetworkDescription()
    training: Training = Training()
    objective: Objective = LikelihoodSettings()
    critic: CriticSection = CriticSection()
    search: SearchSection = Beam()
    constraints: LengthConstraints = LengthConstraints()
    phases: dict[PhaseName, Phase] = Field(
        default={},
        description="Phases of the run, in this order; each starts from the best model of the one "
        "before. Keys that a phase leaves out are taken from the recipe's own sections.",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_phases(cls, tree: Any) -> Any:
        return fill_phases(tree) if isinstance(tree, dict) else tree

    @model_validator(mode="after")
    def _check(self) -> Recipe:
        started, translates = self.start is not None, self.model.reads_source
        places: dict[str, Part] = {"": self}
        if self.phases:
            check_phases(self.phases, started=started, translates=translates)
            places |= {f"phases.{name}.": phase for name, phase in self.phases.items()}
        else:
            check_training(self.training)
            check_alone(self, started=started, translates=translates)
        check_critic(places, list(self.phases.values()) or [self])
        if self.search.engine != self.engine:
            why = f"{self.search.kind!r} is for the engine {self.search.engine}; take beam"
            raise impossible("search.kind", why)
        penalty = getattr(self.search, "coverage_penalty", 0.0)
        if penalty and self.model.attention == "none":
            raise impossible(
                "search.coverage_penalty",
                f"{penalty:g} does not go with model.attention none, which "
                "reads no position of the source; set the penalty to 0",
            )
        if not self.model.reads_source:
            return self
        for part, pair in (("train", self.data.train), ("dev", self.data.dev)):
            if pair.source is None:
                raise PydanticCustomError("missing", "", {"key": f"data.{part}.source"})
        if self.model.tied in ("all", "inputs") and not self.subwords.joint:
            raise impossible(
                "model.tied",
                f"{self.model.tied!r} needs subwords.joint to be true; or tie target or none",
            )
        return self

    def by_phase(self) -> dict[str, Recipe]:
        """A recipe without phases for each phase, by name; this recipe, by "", if it has none."""
        if not self.phases:
            return {"": self}
        return {
            name: self.model_copy(
                update={
                    "objective": phase.objective,
                    "critic": phase.critic,
                    "training": phase.training,
                    "phases": {},
                }
            )
            for name, phase in self.phases.items()
        }
