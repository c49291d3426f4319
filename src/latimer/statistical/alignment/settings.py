"""What a word alignment is trained with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from latimer.settings import Settings


class AlignmentSettings(Settings):
    """Settings of the models of both directions, and of making one alignment of the two.

    model: the last model of the chain ibm1, ibm2, hmm; each starts from the table of the one
    before. rounds: rounds of expectation maximisation of each model. smoothing: is added to every
    expected count of a word pair. null: prior probability of NULL in model 2 and the HMM.
    tension: of the diagonal prior of model 2 at its start; it is learnt in its rounds.
    """

    model: Literal["ibm1", "ibm2", "hmm"] = "hmm"
    rounds: Annotated[int, Field(ge=1, le=100)] = 4
    symmetrisation: Literal[
        "intersection", "union", "grow-diag", "grow-diag-final", "grow-diag-final-and"
    ] = "grow-diag-final-and"
    smoothing: Annotated[float, Field(ge=0.0, le=1.0)] = 0.01
    null: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.08
    tension: Annotated[float, Field(ge=0.0, le=20.0)] = 4.0
