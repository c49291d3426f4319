"""What a phrase table is made with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from latimer.settings import Settings

LONGEST = 7


class PhraseSettings(Settings):
    """longest: tokens of a phrase on either side. options: kept of each source phrase.

    smoothing: of the phrase probabilities (Foster et al. 2006). lexical: how the links of a word
    are taken together, the mean of their probabilities (Koehn et al. 2003) or the greatest.
    orientation: what makes a phrase monotone or swapped, a link at its corner (word) or a phrase
    that ends there (phrase). significance: pairs that Fisher's exact test finds no more
    significant than one that occurs once, as do both its phrases, are left out; `alpha-epsilon`
    keeps such pairs themselves, `alpha+epsilon` drops them (Johnson et al. 2007).
    """

    longest: Annotated[int, Field(ge=1, le=LONGEST)] = LONGEST
    options: Annotated[int, Field(ge=1, le=1000)] = 20
    smoothing: Literal["kneser-ney", "good-turing", "none"] = "kneser-ney"
    lexical: Literal["mean", "max"] = "mean"
    orientation: Literal["word", "phrase"] = "phrase"
    significance: Literal["none", "alpha-epsilon", "alpha+epsilon"] = "alpha-epsilon"
