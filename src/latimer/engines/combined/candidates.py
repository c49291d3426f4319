"""Candidates of both systems, and the features of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from latimer.engines.combined.features import FEATURES
from latimer.engines.combined.lexical import Lexicon
from latimer.engines.combined.posteriors import Posteriors, expected_matches, posteriors
from latimer.engines.engine import Output
from latimer.engines.phrases.folder import PhraseModel
from latimer.statistical.arrays import Floats
from latimer.text.vocabulary.placeholders import mask, mask_target


class Candidates(NamedTuple):
    """Distinct translations of a text; features: `[texts, features]`."""

    texts: list[str]
    features: Floats


class Found(NamedTuple):
    """What both systems found for one text: distinct outputs, best first.

    ranked: how many of the phrase-based model's are candidates; the others count for posteriors.
    """

    source: str
    phrases: Sequence[Output]
    network: Sequence[Output]
    ranked: int

    @property
    def texts(self) -> list[str]:
        """The distinct candidates, the network's first; an empty one where nothing was found."""
        every = (*self.network, *self.phrases[: self.ranked])
        return list(dict.fromkeys(one.text for one in every)) or [""]


class Describer:
    """Gives candidates their features."""

    def __init__(
        self, model: PhraseModel, *, phrases_scale: float = 1.0, network_scale: float = 1.0
    ) -> None:
        """The scales make probabilities of candidates sharper (see `posteriors`)."""
        self.model = model
        self._lexicon = Lexicon(model.table, model.source, model.target)
        self._scales = phrases_scale, network_scale

    def describe(self, found: Found, log_probs: Sequence[float]) -> Candidates:
        """The candidates of a text; `log_probs` of `found.texts`, by the network."""
        texts = found.texts
        masked, table = mask(found.source)

        def split(text: str) -> list[str]:
            return self.model.target.split(mask_target(text, table))

        tokens = [split(text) for text in texts]
        network, phrases = self._posteriors(found, log_probs, split)
        columns = {
            "network": np.array(log_probs),
            "language": np.array([self._language(one) for one in tokens]),
            "words": np.array([len(one) for one in tokens]),
            **self._membership(found, texts),
            **_matches("phrases", tokens, phrases),
            **_matches("network", tokens, network),
        }
        lexical = self._lexicon.scores(self.model.source.split(masked), tokens)
        columns["lexical_target"], columns["lexical_source"] = lexical.T
        return Candidates(texts, np.stack([columns[name] for name in FEATURES], 1))

    def _language(self, tokens: Sequence[str]) -> float:
        return self.model.language_model.score([self.model.target.id(one) for one in tokens])

    def _membership(self, found: Found, texts: Sequence[str]) -> dict[str, Floats]:
        scores = {one.text: one.score for one in found.phrases}
        best, last = max(scores.values(), default=0.0), min(scores.values(), default=0.0)
        network = {one.text for one in found.network}
        return {
            "phrases": np.array([scores.get(text, last) - best for text in texts]),
            "in_phrases": np.array([float(text in scores) for text in texts]),
            "in_network": np.array([float(text in network) for text in texts]),
        }

    def _posteriors(
        self, found: Found, log_probs: Sequence[float], split: Callable[[str], list[str]]
    ) -> tuple[Posteriors, Posteriors]:
        """Of the network and of the phrase-based model."""
        by_text = dict(zip(found.texts, log_probs, strict=True))
        network = [by_text[one.text] for one in found.network]
        phrases = [one.score for one in found.phrases]
        return (
            posteriors([split(one.text) for one in found.network], network, self._scales[1]),
            posteriors([split(one.text) for one in found.phrases], phrases, self._scales[0]),
        )


def _matches(
    system: str, tokens: Sequence[Sequence[str]], expected: Posteriors
) -> dict[str, Floats]:
    """The features of expected matches with one system's translation."""
    matches = np.array([expected_matches(one, expected) for one in tokens])
    return {f"{system}_{n + 1}": column for n, column in enumerate(matches.T)}
