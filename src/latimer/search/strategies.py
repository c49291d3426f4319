"""The ways of searching, as values: frozen, checked when they are made, without PyTorch.

A new strategy is a class here, named in `Search`, and a file in `latimer.search`
with its algorithm, which the class names in `runner`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from latimer.errors import InputError, SettingError
from latimer.metrics.corpus_scores import METRICS
from latimer.settings import Settings

Normalisation = Literal["power", "gnmt", "none"]
Stop = Literal["safe", "near"]
Width = Annotated[int, Field(ge=1, le=4000)]
Alpha = Annotated[float, Field(ge=0, le=10)]


class Strategy(Settings):
    """What all ways of searching tell an engine about themselves.

    runner: the function, `module:name`, that searches: called with the strategy and a
    `latimer.search.batch.SearchBatch`, it returns the hypotheses of each sentence, best first.
    takes_phrases: whether required phrases and glossaries are obeyed. engine: the engine that can
    search so; `runner` is for the neural one.
    """

    runner: ClassVar[str]
    engine: ClassVar[str] = "neural"
    takes_phrases: ClassVar[bool] = False

    @property
    def rows(self) -> int:
        """Prefixes of a sentence that grow together; memory and batches are planned by it."""
        raise NotImplementedError

    @property
    def outputs(self) -> int:
        """How many outputs for each text are asked for, at most."""
        return 1

    @property
    def size(self) -> tuple[str, int]:
        """The name and value of the setting that memory grows with."""
        return "samples", self.rows


class Ranking(Strategy):
    """Settings of searches that rank hypotheses by their normalised log-probability."""

    width: Width = Field(default=5, description="Hypotheses kept at each step; 1 is greedy search.")
    alpha: Alpha = Field(
        default=1.0, description="Exponent of length normalisation; 0 is no normalisation."
    )
    normalisation: Normalisation = Field(
        default="power",
        description="Divide log P by `T^alpha`, by `((5 + T) / 6)^alpha` (GNMT), or by nothing.",
    )

    @property
    def rows(self) -> int:
        """See `Strategy`."""
        return self.width

    @property
    def size(self) -> tuple[str, int]:
        """See `Strategy`."""
        return "width", self.width


class BeamSettings(Ranking):
    """Settings of searches that keep a beam of hypotheses."""

    nbest: int = Field(default=1, ge=1, description="Translations returned for each text.")
    stop: Stop = Field(
        default="safe",
        description="When a search ends: `safe`, when no other hypothesis can win; `near`, up to a "
        "tenth sooner, with rare misses.",
    )
    coverage_penalty: float = Field(
        default=0.0,
        ge=0,
        le=10,
        description="GNMT's penalty on source positions that were not attended to; 0 is none.",
    )

    @property
    def outputs(self) -> int:
        """See `Strategy`."""
        return self.nbest

    @model_validator(mode="after")
    def _check_nbest(self) -> Self:
        if self.nbest > self.width:
            raise _impossible("nbest", f"at most the width of the beam, {self.width}, is possible")
        return self


class Beam(BeamSettings):
    """Beam search (Sutskever et al. 2014) with length normalisation."""

    runner: ClassVar[str] = "latimer.search.constrained:run"
    takes_phrases: ClassVar[bool] = True

    kind: Literal["beam"] = Field(default="beam", repr=False, description="The way of searching.")


class DiverseBeam(BeamSettings):
    """Diverse beam search (Vijayakumar et al. 2018): groups that avoid each other's tokens."""

    runner: ClassVar[str] = "latimer.search.diverse:run"

    groups: int | None = Field(
        default=None,
        ge=1,
        description="Equal groups that the beam is divided into; null: as many as its width.",
    )
    diversity: float = Field(
        default=0.5,
        ge=0,
        le=1000,
        description="Amount that a token's log-probability is lowered by for each earlier group "
        "that chose it at the same step.",
    )
    kind: Literal["diverse"] = Field(
        default="diverse", repr=False, description="The way of searching."
    )

    @model_validator(mode="after")
    def _check_groups(self) -> Self:
        if self.groups is not None and self.width % self.groups:
            raise _impossible("groups", f"a beam of {self.width} has no {self.groups} equal groups")
        return self


class Drawing(Strategy):
    """Settings of strategies that draw translations from the model's distribution."""

    samples: int = Field(default=1, ge=1, le=4000, description="Translations drawn for each text.")
    temperature: float = Field(
        default=1.0,
        ge=1e-3,
        le=1e3,
        description="Scores are divided by it before the softmax; below 1 is less random.",
    )
    top_k: int | None = Field(
        default=None, ge=1, description="Draw from the k most probable tokens; null: from all."
    )
    top_p: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Draw from the fewest tokens that hold this probability; null: from all.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=2**63 - 1,
        description="Random seed; what is drawn for a text depends on it and on the text alone.",
    )

    @property
    def rows(self) -> int:
        """See `Strategy`."""
        return self.samples


class Sampling(Drawing):
    """Ancestral sampling, or sampling without replacement (Kool et al. 2019)."""

    runner: ClassVar[str] = "latimer.search.sampling:run"

    distinct: bool = Field(
        default=False, description="Draw without replacement, so that no two samples are equal."
    )
    kind: Literal["sampling"] = Field(
        default="sampling", repr=False, description="The way of searching."
    )

    @property
    def rows(self) -> int:
        """See `Strategy`; distinct samples keep noise in double precision, which takes its room."""
        return 4 * self.samples if self.distinct else self.samples

    @property
    def size(self) -> tuple[str, int]:
        """See `Strategy`."""
        return "samples", self.samples

    @property
    def outputs(self) -> int:
        """See `Strategy`."""
        return self.samples


class MinimumBayesRisk(Drawing):
    """Minimum Bayes risk (Kumar & Byrne 2004): of several samples the one most like all of them.

    The score of a translation is its mean utility.
    """

    runner: ClassVar[str] = "latimer.search.mbr:run"

    samples: int = Field(default=32, ge=1, le=4000, description="Translations drawn and compared.")
    utility: str | Callable[[str, str], float] = Field(
        default="bleu",
        description=f"How alike two texts are: {', '.join(f'`{name}`' for name in METRICS)}, or "
        "your own `module:function` of a translation and a reference.",
    )
    kind: Literal["mbr"] = Field(default="mbr", repr=False, description="The way of searching.")

    @model_validator(mode="after")
    def _check_utility(self) -> MinimumBayesRisk:
        if isinstance(self.utility, str):
            from latimer.metrics.utilities import utility_named

            try:
                utility_named(self.utility)
            except InputError as error:
                why = error.reason if isinstance(error, SettingError) else str(error)
                raise _impossible("utility", why) from None
        return self


class Exact(Ranking):
    """Exact search (Stahlberg & Byrne 2019): the best translation of all, within a budget."""

    runner: ClassVar[str] = "latimer.search.exact:run"

    normalisation: Normalisation = Field(
        default="none",
        description="Divide log P by `T^alpha`, by `((5 + T) / 6)^alpha` (GNMT), or by nothing.",
    )
    budget: int = Field(
        default=100_000, ge=1, description="Prefixes of a text that are looked at, at most."
    )
    kind: Literal["exact"] = Field(default="exact", repr=False, description="The way of searching.")


class Stack(Strategy):
    """Stack search over phrases (Koehn et al. 2003) with cube pruning (Huang & Chiang 2007).

    For models of the engine `phrases`.
    """

    engine: ClassVar[str] = "phrases"
    takes_phrases: ClassVar[bool] = True

    width: Width = Field(
        default=50, description="Hypotheses kept for each number of translated words."
    )
    nbest: int = Field(default=1, ge=1, le=4000, description="Translations returned for each text.")
    reordering_limit: int = Field(
        default=4,
        ge=0,
        le=30,
        description="Words that a phrase may begin behind the first one that is not translated; "
        "with 0 phrases keep the order of the source.",
    )
    threshold: float = Field(
        default=10.0,
        gt=0,
        le=1000,
        description="Hypotheses whose score is lower than the best of their number of words by "
        "more are left out.",
    )
    kind: Literal["stack"] = Field(default="stack", repr=False, description="The way of searching.")

    @property
    def rows(self) -> int:
        """See `Strategy`."""
        return self.width

    @property
    def outputs(self) -> int:
        """See `Strategy`."""
        return self.nbest

    @property
    def size(self) -> tuple[str, int]:
        """See `Strategy`."""
        return "width", self.width


Search = Beam | DiverseBeam | Sampling | MinimumBayesRisk | Exact | Stack
"""A way of searching."""
STRATEGIES: dict[str, type[Search]] = {
    strategy.model_fields["kind"].default: strategy for strategy in get_args(Search)
}
"""Strategies by the name that recipes, JSON and command lines give them in `search.kind`."""


def _impossible(key: str, why: str) -> PydanticCustomError:
    return PydanticCustomError("impossible", "{why}", {"key": key, "why": why})
