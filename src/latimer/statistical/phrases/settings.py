"""What a phrase table is made with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from latimer.settings import Settings

LONGEST = 7


class PhraseSettings(Settings):
    """Which phrase pairs are kept, and how they are scored."""

    longest: Annotated[int, Field(ge=1, le=LONGEST)] = Field(
        default=LONGEST, description="Tokens of a phrase, on either side."
    )
    options: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=20, description="Translations kept of each source phrase."
    )
    smoothing: Literal["kneser-ney", "good-turing", "none"] = Field(
        default="kneser-ney",
        description="Of the phrase probabilities (Foster et al. 2006).",
    )
    lexical: Literal["mean", "max"] = Field(
        default="max",
        description="How the links of a word are taken together: the `mean` of their probabilities "
        "(Koehn et al. 2003), or the greatest (`max`).",
    )
    orientation: Literal["word", "phrase"] = Field(
        default="phrase",
        description="What makes a phrase monotone or swapped: a link at its corner (`word`), or a "
        "phrase that ends there (`phrase`).",
    )
    significance: Literal["none", "alpha-epsilon", "alpha+epsilon"] = Field(
        default="none",
        description="Leave out pairs that Fisher's exact test finds less significant than one that "
        "occurs once, as do both its phrases (Johnson et al. 2007): `alpha-epsilon` keeps such "
        "pairs themselves, `alpha+epsilon` drops them too.",
    )
