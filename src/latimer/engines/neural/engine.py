"""The neural engine: one model, or several, and a search."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from latimer.engines.engine import Output, Segment
from latimer.engines.neural.batches import BatchSearcher, Encoded, Guide, batches
from latimer.engines.neural.constraints import Compiled, length_limits
from latimer.engines.neural.memory import Size, check_memory, needed_bytes, row_of
from latimer.engines.neural.scorers import Fusion, Scorers
from latimer.engines.neural.shortlist import check_shortlist
from latimer.engines.translator import Attention, Capabilities
from latimer.errors import SettingError
from latimer.model.config import Languages
from latimer.model.folder import Model
from latimer.nn.inference.products import choose_products
from latimer.search.constraints import Constraints, LengthConstraints
from latimer.search.coverage import without_attention
from latimer.search.hypothesis import Hypothesis
from latimer.search.strategies import Beam, Ranking, Search
from latimer.threads import Pool, one_thread, threads_for

BATCH_TOKENS = 2048
"""Source pieces in a batch, padding counted."""
MAX_PIECES = 250
"""A longer line is translated in segments: no network here is trained on such lengths."""
REMEMBERED = 8192
"""Texts whose pieces are kept."""
END = "</s>"


class Working(NamedTuple):
    """How an engine works, without an influence on what it finds but for rounding.

    threads: batches that are translated at the same time, by default as many as there are cores;
    precision: of the products in search, one of `latimer.nn.inference.products`, or auto, which
    stands for what `NeuralEngine.products` says; shortlist: "off", how many pieces each source
    piece adds to the vocabulary that a search for the best translation looks at, or "auto" (see
    `latimer.engines.neural.shortlist`); batch_tokens: source pieces in a batch, padding counted.
    """

    threads: int | None = None
    precision: str = "fp32"
    shortlist: str | int = "auto"
    batch_tokens: int = BATCH_TOKENS


class NeuralEngine:
    """Searches with one model, with an ensemble of several, or with a language model besides."""

    @one_thread()
    def __init__(
        self, *models: Model, fusion: Fusion | None = None, working: Working | None = None
    ) -> None:
        """All models share the vocabularies of the first, whose settings of search are taken.

        Raises InputError for models that do not go together, and for a precision that this machine
        does not have.
        """
        self._working = Working() if working is None else working
        self.model, self._models = models[0], models
        device, precision = self.model.network.device, self._working.precision
        self.precision = precision if precision == "auto" else choose_products(precision, device)
        every = [*models, *([fusion.language_model] if fusion else [])]
        self._rows = [row_of(one.network, len(self.model.vocabulary.target)) for one in every]
        threads = self._working.threads
        self.pool = Pool(threads_for(device.type) if threads is None else threads)
        self._scorers = Scorers(models, fusion, self._working.shortlist)
        self._scorers[self.products(0)]  # refuses what does not go together
        self._pieces = lru_cache(REMEMBERED)(self.model.vocabulary.encode_source)

    @property
    def languages(self) -> Languages:
        """See `Engine`."""
        return self.model.config.languages

    @property
    def capabilities(self) -> Capabilities:
        """See `Engine`. There is attention where all models of an ensemble have it."""
        attend = all(one.config.network.attention != "none" for one in self._models)
        return Capabilities(scores=True, alternatives=True, attention=attend, constraints=True)

    @property
    def search(self) -> Search:
        """See `Engine`."""
        return self.model.config.search

    @property
    def constraints(self) -> LengthConstraints:
        """See `Engine`. No translation is longer than what all models can write."""
        own = self.model.config.constraints
        most = self._at_most(own.max_length)
        return own if most == own.max_length else own.replace(max_length=most)

    @property
    def longest(self) -> int:
        """See `Engine`. The end takes a slot of a perceptron."""
        known = [one.config.network.longest for one in self._models]
        return min([MAX_PIECES, *(longest - 1 for longest in known if longest is not None)])

    def size(self, text: str) -> int:
        """See `Engine`: in source pieces."""
        return len(self._pieces(text)[0])

    def products(self, segments: int) -> str:
        """The precision of products when so many segments are translated together.

        With the precision auto it is the fastest here, for one segment or for several at a time;
        it is measured when it is first asked for, and "fp32" where there is nothing to translate.
        """
        if self.precision != "auto":
            return self.precision
        if not segments:
            return "fp32"
        return choose_products("auto", self.model.network.device, alone=segments == 1)

    def check(self, search: Search, constraints: Sequence[Constraints]) -> None:
        """See `Engine`."""
        if search.engine != "neural":
            why = f"it is for models of the engine {search.engine}; a network searches with beam"
            raise SettingError("search.kind", search.kind, why)
        self._check_coverage(search)
        compiled = [self._compiled(one) for one in constraints]
        if not search.takes_phrases and any(one.phrases or one.glossary for one in constraints):
            raise SettingError(
                "search.kind", search.kind, "phrases and glossaries are for search.kind beam"
            )
        free = all(one.free for one in compiled)
        check_shortlist(self._working.shortlist, _alone(search) and free)
        least = [[Encoded(0, "", [0], [], one)] for one in compiled]
        self._check_memory(least, search, attention=False, threads=1)

    @one_thread()
    def find(
        self, segments: Sequence[Segment], search: Search, *, attention: bool = False,
        guide: Guide | None = None,
    ) -> list[list[Output]]:  # fmt: skip
        """See `Engine`; segments of like length are searched together, one batch a thread.

        `guide` makes the scorer that is searched with, without a shortlist.
        """
        compiled = {
            one: self._compiled(one)
            for one in dict.fromkeys(segment.constraints for segment in segments)
        }
        encoded = [
            Encoded(place, one.text, *self._pieces(one.text), compiled[one.constraints])
            for place, one in enumerate(segments)
        ]
        several = list(batches(encoded, self._working.batch_tokens, search.rows))
        threads = max(1, min(self.pool.threads, len(several)))
        self._check_memory(several, search, attention=attention, threads=threads)
        scorer, shortlist = self._scorers[self.products(sum(map(len, several)))]
        searcher = BatchSearcher(
            scorer, self.model.network.device, search, shortlist if _alone(search) else None,
            self._text, self.languages.target, attention, guide,
        )  # fmt: skip
        outputs = [[Output("", 0.0)] for _ in segments]  # of what has no pieces
        for batch, results in zip(several, self.pool.map(searcher, several), strict=True):
            for one, hypotheses in zip(batch, results, strict=True):
                outputs[one.place] = self._outputs(one, hypotheses)
        return outputs

    def close(self) -> None:
        """See `Engine`."""
        self.pool.close()

    def _compiled(self, constraints: Constraints) -> Compiled:
        most = self._at_most(constraints.max_length)
        if most != constraints.max_length:
            constraints = constraints.replace(max_length=most)
        return Compiled(self.model.vocabulary, constraints)

    def _at_most(self, max_length: int | None) -> int | None:
        """A limit on tokens of a translation, lowered to what all models can write."""
        for one in self._models:
            max_length = one.config.network.at_most(max_length)
        return max_length

    def _check_coverage(self, search: Search) -> None:
        penalty = getattr(search, "coverage_penalty", 0.0)
        for number, model in enumerate(self._models, 1):
            if penalty and model.network.attention is None:
                of = "the model" if len(self._models) == 1 else f"model {number} of the ensemble"
                raise without_attention(penalty, of)

    def _check_memory(
        self, several: Sequence[Sequence[Encoded]], search: Search, *, attention: bool, threads: int
    ) -> None:
        """Refuse the batches if memory cannot hold the largest of them, one a thread."""
        drawn = not isinstance(search, Ranking)
        needed: dict[int, tuple[Size, int]] = {}
        for batch in several:
            rules = any(not one.constraints.free for one in batch)
            mixed = rules or len(self._rows) > 1 or drawn
            time, length = len(batch[0].pieces) + 1, _longest(batch)
            size = Size(len(batch) * search.rows, time, length, attention, mixed)
            needed[threads * needed_bytes(self._rows, size)] = size, time - 1
        if not needed:
            return
        size, pieces = needed[max(needed)]
        name, number = search.size
        asked = f"search.{name} {number} and max_length {size.length} for a text of {pieces} pieces"
        lower = [f"search.{name}", "constraints.max_length"]
        if threads > 1:
            asked, lower = f"{asked}, on {threads} threads", [*lower, "threads"]
        check_memory(max(needed), self.model.network.device, asked, lower)

    def _text(self, segment: Encoded, tokens: list[int]) -> str:
        return self.model.vocabulary.decode_target(tokens, segment.table).strip()

    def _outputs(self, segment: Encoded, found: Sequence[Hypothesis]) -> list[Output]:
        return [
            Output(
                self._text(segment, one.tokens), one.score,
                None if rank else self._attention(segment, one), one.gap,
            )
            for rank, one in enumerate(found)
        ]  # fmt: skip

    def _attention(self, segment: Encoded, best: Hypothesis) -> Attention | None:
        if best.attention is None:
            return None
        vocabulary = self.model.vocabulary
        source = [vocabulary.source.piece(piece) for piece in segment.pieces]
        target = [vocabulary.target.piece(token) for token in best.tokens]
        return Attention(
            [*source, END], target + [END] * best.finished, best.attention.float().cpu()
        )


def _alone(search: Search) -> bool:
    """Whether the one best translation is searched for with a beam: what shortlists are for."""
    return isinstance(search, Beam) and search.nbest == 1


def _longest(batch: Sequence[Encoded]) -> int:
    """The most tokens of a translation in the batch, but for phrases of glossaries."""
    import torch

    lengths = torch.tensor([len(one.pieces) + 1 for one in batch])
    constraints = [one.constraints for one in batch]
    return int(length_limits(constraints, lengths, [[]] * len(batch)).max())
