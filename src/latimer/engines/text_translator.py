"""The translator of texts on top of any engine: lines, long texts, duplicates, joining."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from latimer.engines.engine import Engine, Output, Segment
from latimer.engines.translator import Alternative, Capabilities, Request, Translation
from latimer.errors import InputError
from latimer.metrics.corpus_scores import written_without_spaces
from latimer.model.config import Languages
from latimer.search.constraints import Constraints
from latimer.search.strategies import Search
from latimer.text.checking import check_text
from latimer.text.segmentation import SegmentedText, split_text


class TextTranslator:
    """A `Translator` made of an engine. Use `latimer.load` to make one from a model folder."""

    def __init__(self, engine: Engine, *, refuses: bool = False) -> None:
        """The engine is closed with the translator.

        A line that is too long for the engine is cut into segments, or refused if it `refuses`.
        """
        self.engine = engine
        self.refuses = refuses

    def translate(
        self,
        texts: Sequence[str | Request],
        search: Search | None = None,
        *,
        constraints: Constraints | None = None,
        attention: bool = False,
    ) -> list[Translation]:
        """One translation for every text, in order.

        `search` is by default the model's own. `constraints` hold for texts that bring none of
        their own, as a `Request` does. `attention` keeps what the network attended to. What else
        is in the list does not matter to a text. Blank texts stay empty; texts with several lines,
        or too long for the engine, are translated in parts.

        Raises InputError for a text of more than 1 MB, for one that is too long where such are
        refused, and for a search or constraints that the model cannot follow.
        """
        if isinstance(texts, str):
            raise InputError("translate: a list of texts expected, not one text")
        search = self.engine.search if search is None else search
        usual = Constraints() if constraints is None else constraints
        requests = [one if isinstance(one, Request) else Request(one, usual) for one in texts]
        own = self.engine.constraints
        completed = {one: one.completed(own) for one in (usual, *(r.constraints for r in requests))}
        self.engine.check(search, list(dict.fromkeys(completed.values())))
        documents = [
            self._segmented(request.text, number) for number, request in enumerate(requests, 1)
        ]
        segments = [
            _segments(document, completed[request.constraints])
            for document, request in zip(documents, requests, strict=True)
        ]
        distinct = list(dict.fromkeys(one for several in segments for one in several))
        found = self.engine.find(distinct, search, attention=attention)
        outputs = dict(zip(distinct, found, strict=True))
        glue = "" if written_without_spaces(self.languages.target) else " "
        return [
            _joined(document, [outputs[one] for one in several], glue)
            for document, several in zip(documents, segments, strict=True)
        ]

    @property
    def languages(self) -> Languages:
        """See `Translator`."""
        return self.engine.languages

    @property
    def capabilities(self) -> Capabilities:
        """See `Translator`."""
        return self.engine.capabilities

    @property
    def search(self) -> Search:
        """See `Translator`."""
        return self.engine.search

    def close(self) -> None:
        """See `Translator`."""
        self.engine.close()

    def __enter__(self) -> Self:
        """A context that ends with `close`."""
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _segmented(self, text: str, number: int) -> SegmentedText:
        check_text(text, f"text {number}")
        size, longest = self.engine.size, self.engine.longest
        document = split_text(text, size, longest)
        for line in document.lines:
            if self.refuses and len(line) > 1:
                whole = " ".join(line)
                advice = "shorten it, or set engine.too_long to windows"
                raise InputError(_too_long(whole, size(whole), longest, advice))
            for segment in line:
                if size(segment) > longest:  # a single character of several pieces
                    advice = "no window can hold it; leave it out"
                    raise InputError(_too_long(segment, size(segment), longest, advice))
        return document


def _too_long(text: str, size: int, longest: int, advice: str) -> str:
    start = text if len(text) <= 40 else text[:39] + "…"
    return f"text {start!r} has {size} pieces, and this model takes {longest} at a time; {advice}"


def _segments(document: SegmentedText, constraints: Constraints) -> list[Segment]:
    """The segments of a text, of which the first alone begins with a prefix."""
    further = constraints.replace(prefix="") if constraints.prefix else constraints
    return [
        Segment(text, further if place else constraints)
        for place, text in enumerate(document.segments)
    ]


def _joined(document: SegmentedText, found: Sequence[Sequence[Output]], glue: str) -> Translation:
    """The translation of a text from the outputs of its segments; `glue` stands between them.

    The score is the mean of the segments' scores. Alternatives join the segments' outputs of the
    same rank, the best where a segment has fewer.
    """
    if not found:
        return Translation(document.text, document.join([], glue), 0.0)
    ranked = []
    for rank in range(max(map(len, found))):
        chosen = [outputs[rank] if rank < len(outputs) else outputs[0] for outputs in found]
        score = sum(output.score for output in chosen) / len(chosen)
        ranked.append(Alternative(document.join([one.text for one in chosen], glue), score))
    best, *others = ranked
    alone = found[0][0] if len(found) == 1 and len(document.lines) == 1 else None
    return Translation(
        document.text, best.text, best.score, others,
        attention=alone.attention if alone else None, parts=len(found),
        gap=alone.gap if alone else None,
    )  # fmt: skip
