"""The engine `combined`: both systems propose translations, and a log-linear model chooses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from latimer.engines.combined.candidates import Candidates, Describer, Found
from latimer.engines.combined.config import Combination
from latimer.engines.combined.posteriors import posteriors
from latimer.engines.engine import Output, Segment
from latimer.engines.neural.batches import Guide
from latimer.engines.neural.engine import NeuralEngine
from latimer.engines.neural.scoring import score_texts
from latimer.engines.phrases.engine import REFUSED, PhraseEngine
from latimer.engines.translator import Capabilities
from latimer.errors import SettingError
from latimer.model.config import Languages
from latimer.search.constraints import Constraints, LengthConstraints
from latimer.search.posteriors import Guided, NgramScores
from latimer.search.scorer import Scorer
from latimer.search.strategies import Beam, Search, Stack
from latimer.statistical.arrays import Floats
from latimer.text.vocabulary.subwords import BOS, EOS


class CombinedEngine:
    """Translates with a network and a phrase-based model."""

    def __init__(
        self, network: NeuralEngine, phrases: PhraseEngine, weights: Floats,
        combination: Combination, search: Beam,
    ) -> None:  # fmt: skip
        """`weights` of `features.FEATURES`; both engines are closed with this one."""
        self.network, self.phrases = network, phrases
        self.weights, self.combination = weights, combination
        self._search = search
        self._describer = Describer(
            phrases.model, phrases_scale=combination.phrases_scale,
            network_scale=combination.network_scale,
        )  # fmt: skip

    @property
    def languages(self) -> Languages:
        """See `Engine`."""
        return self.network.languages

    @property
    def capabilities(self) -> Capabilities:
        """See `Engine`."""
        return Capabilities(scores=True, alternatives=True, constraints=True)

    @property
    def search(self) -> Search:
        """See `Engine`."""
        return self._search

    @property
    def constraints(self) -> LengthConstraints:
        """See `Engine`; the network's own are not kept, as phrases could not keep them."""
        return LengthConstraints()

    @property
    def longest(self) -> int:
        """See `Engine`."""
        return self.network.longest

    def size(self, text: str) -> int:
        """See `Engine`: in the network's pieces."""
        return self.network.size(text)

    def check(self, search: Search, constraints: Sequence[Constraints]) -> None:
        """See `Engine`."""
        if not isinstance(search, Beam):
            raise SettingError(
                "search.kind", search.kind, "a combined model searches with the kind beam"
            )
        for one in constraints:
            for name in REFUSED:
                if value := getattr(one, name):
                    raise SettingError(
                        f"constraints.{name}", value,
                        "a combined model cannot keep it; it keeps glossaries",
                    )  # fmt: skip
        self.network.check(search.replace(nbest=search.width), constraints)

    def find(
        self, segments: Sequence[Segment], search: Search, *, attention: bool = False
    ) -> list[list[Output]]:
        """See `Engine`; there is no attention."""
        assert isinstance(search, Beam)
        return [
            self._ranked(one)[: search.nbest]
            for one in self.describe(self.candidates(segments, search))
        ]

    def close(self) -> None:
        """See `Engine`."""
        self.network.close()
        self.phrases.close()

    def candidates(
        self, segments: Sequence[Segment], search: Beam,
        guidance: Sequence[float] | None = None, phrases: Sequence[Sequence[Output]] | None = None,
    ) -> list[Found]:  # fmt: skip
        """What both systems find for each segment.

        `guidance` is by default the combination's; `phrases` are what the phrase-based model
        finds, where that is known.
        """
        if phrases is None:
            phrases = self.phrase_outputs(segments)
        guide = self._guide(
            segments, phrases, self.combination.guidance if guidance is None else guidance
        )
        wide = search.replace(nbest=search.width)
        network = self.network.find(segments, wide, guide=guide)
        return [
            Found(segment.text, of_phrases, _distinct(of_network), self.combination.ranked)
            for segment, of_phrases, of_network in zip(segments, phrases, network, strict=True)
        ]

    def phrase_outputs(self, segments: Sequence[Segment]) -> list[list[Output]]:
        """What the phrase-based model finds, by its own search."""
        usual = self.phrases.search
        assert isinstance(usual, Stack)
        found = self.phrases.find(segments, usual.replace(nbest=self.combination.candidates))
        return [_distinct(several) for several in found]

    def describe(self, found: Sequence[Found]) -> list[Candidates]:
        """Candidates with their features."""
        texts = [one.texts for one in found]
        sources = [one.source for one, several in zip(found, texts, strict=True) for _ in several]
        every = [text for several in texts for text in several]
        scores = iter([one.log_prob for one in score_texts(self.network.model, every, sources)])
        log_probs = [[next(scores) for _ in several] for several in texts]
        return list(
            self.phrases.map(
                lambda pair: self._describer.describe(*pair),
                list(zip(found, log_probs, strict=True)),
            )
        )

    def _ranked(self, candidates: Candidates) -> list[Output]:
        scores = (candidates.features @ self.weights).tolist()
        outputs = [
            Output(text, score) for text, score in zip(candidates.texts, scores, strict=True)
        ]
        return sorted(outputs, key=lambda output: -output.score)

    def _guide(
        self, segments: Sequence[Segment], phrases: Sequence[Sequence[Output]],
        guidance: Sequence[float],
    ) -> Guide | None:  # fmt: skip
        """What makes the network's search collect n-grams of the phrase-based model."""
        if not any(guidance):
            return None
        tables = [
            self._ngram_scores(segment.text, several, guidance)
            for segment, several in zip(segments, phrases, strict=True)
        ]

        def guided(scorer: Scorer[Any], places: Sequence[int]) -> Scorer[Any]:
            return Guided(scorer, [tables[place] for place in places], guidance)

        return guided

    def _ngram_scores(
        self, source: str, outputs: Sequence[Output], guidance: Sequence[float]
    ) -> NgramScores:
        """Posteriors of n-grams of the network's pieces, begin and end of sentence included."""
        pairs = [(source, one.text) for one in outputs]
        encoded = self.network.model.vocabulary.encode_pairs(pairs)
        pieces = [[BOS, *target, EOS] for _, target in encoded]
        scores = [one.score for one in outputs]
        found = posteriors(pieces, scores, self.combination.phrases_scale)
        return NgramScores(found, guidance)


def _distinct(outputs: Sequence[Output]) -> list[Output]:
    """The first output of each text; no text where a system found none."""
    seen: dict[str, Output] = {}
    for output in outputs:
        if output.text:
            seen.setdefault(output.text, output)
    return list(seen.values())
