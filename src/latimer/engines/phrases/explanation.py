"""Where a translation comes from: its phrases, and the lines that they were learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import exp
from pathlib import Path
from typing import Any

import numpy as np

from latimer.engines.engine import Segment
from latimer.engines.phrases.engine import Encoded, PhraseEngine
from latimer.engines.phrases.training.learning import encode_pairs, masked
from latimer.errors import InputError
from latimer.formats.parallel import parallel_lines
from latimer.search.constraints import Constraints
from latimer.search.strategies import Stack
from latimer.statistical.alignment.links import Links
from latimer.statistical.decoder.decoder import Step
from latimer.statistical.decoder.features import weights_by_name
from latimer.statistical.phrases.evidence import evidence
from latimer.statistical.sentences import Sentences
from latimer.text.segmentation import split_text
from latimer.text.vocabulary.placeholders import unmask

LINES = 3
"""Lines shown for each phrase, by default."""


@dataclass(frozen=True)
class Line:
    """A line of the training text; number: counted from 1."""

    number: int
    source: str
    target: str


@dataclass(frozen=True)
class UsedPhrase:
    """A phrase of a translation.

    source, target: as they are written; origin: `table`, `glossary` or `copied`; count: how often
    the pair was found in the training text; probability: p(target | source) by the phrase table;
    lines: some of those that it was learnt from, where the text is at hand.
    """

    source: str
    target: str
    origin: str
    count: int = 0
    probability: float | None = None
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Explanation:
    """A text, its translation and what that is made of.

    features: the values whose weighted sum is the score; weights: theirs.
    """

    source: str
    translation: str
    score: float
    phrases: list[UsedPhrase]
    features: dict[str, float]
    weights: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class Memory:
    """The training text of a model, with the links that its phrases were read from."""

    def __init__(self, engine: PhraseEngine, source: Path, target: Path) -> None:
        """Raises InputError when the text is not the one that the model was trained on."""
        lines = [
            (number, *masked(left, right), left, right)
            for number, left, right in parallel_lines(source, target)
            if left.strip() and right.strip()
        ]
        model = engine.model
        self._lines = [Line(number, left, right) for number, _, _, left, right in lines]
        encoded = encode_pairs(model.source, model.target, [(a, b) for _, a, b, _, _ in lines])
        self._source, self._target, self._links = encoded.source, encoded.target, model.links
        if not _fits(self._source, self._target, self._links):
            raise InputError(
                f"{source}, {target}: not the text that the model was trained on, or changed since"
            )

    def lines(self, source: Sequence[int], target: Sequence[int], limit: int) -> list[Line]:
        """The first lines that a phrase pair was learnt from."""
        numbers = evidence(
            self._source, self._target, self._links, np.array(source, np.int32),
            np.array(target, np.int32), limit,
        )  # fmt: skip
        return [self._lines[number] for number in numbers]


def memory_of(engine: PhraseEngine, files: tuple[Path, Path] | None = None) -> Memory | None:
    """The training text: in `files`, else where the model's config says; None if it is not there.

    Raises InputError for `files` that are not the training text.
    """
    if files is not None:
        return Memory(engine, *files)
    train = engine.model.config.data.train
    if train is None or train.source is None or not train.source.exists():
        return None
    try:
        return Memory(engine, train.source, train.target)
    except InputError:
        return None


def explain(
    engine: PhraseEngine, text: str, memory: Memory | None = None, *, lines: int = LINES,
    constraints: Constraints | None = None,
) -> list[Explanation]:  # fmt: skip
    """An explanation of the best translation of each segment of a text."""
    found = split_text(text, engine.size, engine.longest)
    asked = Constraints() if constraints is None else constraints
    return [_explained(engine, Segment(one, asked), memory, lines) for one in found.segments]


def _explained(
    engine: PhraseEngine, segment: Segment, memory: Memory | None, lines: int
) -> Explanation:
    search = engine.search
    assert isinstance(search, Stack)
    encoded = engine.encode(segment)
    best = engine.derivations(encoded, search, 1)[0]
    return Explanation(
        segment.text,
        engine.text(encoded, best.tokens),
        best.score,
        [_used(engine, encoded, step, memory, lines) for step in best.steps],
        weights_by_name(best.features),
        weights_by_name(engine.decoder.weights),
    )


def _used(
    engine: PhraseEngine, encoded: Encoded, step: Step, memory: Memory | None, lines: int
) -> UsedPhrase:
    written = encoded.tokens.written[step.start : step.end]
    tokens = [engine.token(encoded, one) for one in step.tokens]
    source = unmask(engine.model.source.join(written), encoded.table)
    target = unmask(engine.model.target.join(tokens), encoded.table)
    if step.option < 0:
        return UsedPhrase(source, target, "copied" if step.option == -2 else "glossary")
    table = engine.model.table
    found = []
    if memory is not None:
        ids = encoded.tokens.ids[step.start : step.end]
        found = memory.lines(ids, step.tokens, lines)
    return UsedPhrase(
        source, target, "table", int(table.counts[step.option]),
        exp(float(table.scores[step.option, 0])), found,
    )  # fmt: skip


def _fits(source: Sentences, target: Sentences, links: Links) -> bool:
    """Whether every link is between words that there are."""
    if not source.size == target.size == len(links.offsets) - 1:
        return False
    pairs = np.repeat(np.arange(source.size), np.diff(links.offsets))
    inside = links.sources < np.diff(source.offsets)[pairs]
    return bool((inside & (links.targets < np.diff(target.offsets)[pairs])).all())
