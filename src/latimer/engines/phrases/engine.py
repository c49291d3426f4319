"""The engine `phrases`: segments become tokens, derivations and text again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Self, TypeVar

from latimer.engines.engine import Output, Segment
from latimer.engines.phrases.folder import PhraseModel
from latimer.engines.phrases.terms import ForcedTerms, forced_terms
from latimer.engines.translator import Capabilities
from latimer.errors import SettingError
from latimer.model.config import Languages
from latimer.search.constraints import Constraints, LengthConstraints
from latimer.search.strategies import Search, Stack
from latimer.statistical.decoder.decoder import Decoder, Derivation
from latimer.statistical.decoder.features import weight_array
from latimer.statistical.decoder.search import MAX_WORDS, Limits
from latimer.statistical.tokens.side import Tokens
from latimer.text.vocabulary.placeholders import mask, unmask
from latimer.threads import available_cores

T = TypeVar("T")
R = TypeVar("R")

REFUSED = ("prefix", "phrases", "min_length", "max_length", "no_repeat")
"""Constraints that a search over phrases cannot keep."""


class Encoded(NamedTuple):
    """A segment ready for the decoder.

    tokens: of the text without placeholders; table: the placeholders; terms: of the glossary.
    """

    tokens: Tokens
    table: list[str]
    terms: ForcedTerms


class PhraseEngine:
    """Translates with one phrase-based model."""

    def __init__(self, model: PhraseModel, threads: int | None = None) -> None:
        """`threads`: segments translated at the same time, by default as many as cores."""
        self.model = model
        weights = weight_array(model.config.weights)
        self.decoder = Decoder(model.table, model.language_model, weights)
        # Not `latimer.threads.Pool`, whose threads are PyTorch's.
        self._pool = ThreadPoolExecutor(threads or available_cores())

    @property
    def languages(self) -> Languages:
        """See `Engine`."""
        return self.model.config.languages

    @property
    def capabilities(self) -> Capabilities:
        """See `Engine`."""
        return Capabilities(scores=True, alternatives=True, constraints=True)

    @property
    def search(self) -> Search:
        """See `Engine`."""
        return self.model.config.search

    @property
    def constraints(self) -> LengthConstraints:
        """See `Engine`."""
        return LengthConstraints()

    @property
    def longest(self) -> int:
        """See `Engine`."""
        return MAX_WORDS

    def size(self, text: str) -> int:
        """See `Engine`: in source tokens."""
        return len(self.model.source.split(mask(text)[0]))

    def check(self, search: Search, constraints: Sequence[Constraints]) -> None:
        """See `Engine`."""
        if not isinstance(search, Stack):
            raise SettingError(
                "search.kind", search.kind, "a phrase-based model searches with the kind stack"
            )
        for one in constraints:
            for name in REFUSED:
                if value := getattr(one, name):
                    raise SettingError(
                        f"constraints.{name}", value,
                        "a phrase-based model cannot keep it; it keeps glossaries",
                    )  # fmt: skip

    def find(
        self, segments: Sequence[Segment], search: Search, *, attention: bool = False
    ) -> list[list[Output]]:
        """See `Engine`; there is no attention."""
        assert isinstance(search, Stack)
        return list(self.map(lambda one: self._outputs(one, search), segments))

    def close(self) -> None:
        """See `Engine`."""
        self._pool.shutdown()

    def __enter__(self) -> Self:
        """A context that ends with `close`."""
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """`work(item)` of every item, in order, on the engine's threads."""
        return map(work, items) if len(items) < 2 else self._pool.map(work, items)

    def encode(self, segment: Segment) -> Encoded:
        """The tokens of a segment, its placeholders and terms."""
        masked, table = mask(segment.text)
        tokens = self.model.source.encode(masked)
        glossary = segment.constraints.glossary
        terms = ForcedTerms([], [])
        if glossary is not None:
            symbols = self.decoder.symbols
            terms = forced_terms(glossary, masked, tokens.written, self.model.target, symbols)
        return Encoded(tokens, table, terms)

    def derivations(self, encoded: Encoded, search: Stack, count: int) -> list[Derivation]:
        """The `count` best derivations; several may have the same words."""
        limits = self.limits(search)
        return self.decoder.derivations(encoded.tokens.ids, limits, count, encoded.terms.forced)

    def limits(self, search: Stack) -> Limits:
        """The search as the decoder takes it."""
        return Limits(search.width, search.reordering_limit, search.threshold)

    def text(self, encoded: Encoded, tokens: Sequence[int]) -> str:
        """The text of target tokens, placeholders back in their places."""
        written = [self.token(encoded, token) for token in tokens]
        text = self.model.target.join(written, large=encoded.tokens.large)
        return unmask(text, encoded.table)

    def token(self, encoded: Encoded, token: int) -> str:
        """A target token as it is written."""
        if token < len(self.model.target):
            return self.model.target.vocabulary[token]
        place = token - self.decoder.symbols
        copies = encoded.tokens.written
        return copies[place] if place < len(copies) else encoded.terms.further[place - len(copies)]

    def _outputs(self, segment: Segment, search: Stack) -> list[Output]:
        """Distinct translations; as many derivations are looked at as that takes, within limits."""
        encoded = self.encode(segment)
        count = search.nbest
        while True:
            found = self.derivations(encoded, search, count)
            texts: dict[str, float] = {}
            for one in found:
                texts.setdefault(self.text(encoded, one.tokens), one.score)
            if len(texts) >= search.nbest or len(found) < count or count >= 20 * search.nbest:
                break
            count *= 4
        return [Output(text, score) for text, score in list(texts.items())[: search.nbest]]
