"""What a word alignment is trained with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from latimer.settings import Settings


class AlignmentSettings(Settings):
    """Settings of the models of both directions, and of making one alignment of the two."""

    model: Literal["ibm1", "ibm2", "hmm"] = Field(
        default="hmm",
        description="The last model of the chain ibm1, ibm2, hmm; each starts from the table of "
        "the one before.",
    )
    rounds: Annotated[int, Field(ge=1, le=100)] = Field(
        default=4, description="Rounds of expectation maximisation of each model."
    )
    symmetrisation: Literal[
        "intersection", "union", "grow-diag", "grow-diag-final", "grow-diag-final-and"
    ] = Field(
        default="grow-diag-final-and",
        description="How the links of both directions become one alignment.",
    )
    smoothing: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        default=0.01, description="What is added to every expected count of a word pair."
    )
    null: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        default=0.08,
        description="Prior probability that a word is linked to no word, in model 2 and the HMM.",
    )
    tension: Annotated[float, Field(ge=0.0, le=20.0)] = Field(
        default=4.0,
        description="Pull of the diagonal prior of model 2 at its start; its rounds learn it.",
    )
