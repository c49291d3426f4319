"""Tuning the weights of a phrase-based model on its development set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from latimer.engines.engine import Segment
from latimer.engines.phrases.engine import Encoded, PhraseEngine
from latimer.engines.phrases.training.learning import masked
from latimer.files import write_atomically
from latimer.recipe.phrases import PhrasesRecipe
from latimer.search.constraints import Constraints
from latimer.search.strategies import Stack
from latimer.statistical.arrays import Floats
from latimer.statistical.decoder.decoder import Candidates
from latimer.statistical.decoder.features import NOT_NEGATIVE, weights_by_name
from latimer.statistical.decoder.search import MAX_WORDS
from latimer.statistical.sentences import Sentences
from latimer.statistical.tuning.features import FeatureWeights
from latimer.statistical.tuning.loop import Tuned, TuningState, tune
from latimer.statistical.tuning.pool import NBest, offsets_of

WIDTH = 30
"""Width of the search while tuning: candidates change little with more."""


def tune_weights(
    engine: PhraseEngine, recipe: PhrasesRecipe, sources: Sequence[str], targets: Sequence[str],
    state: Path, report: Callable[[TuningState], None],
) -> Tuned:  # fmt: skip
    """Tune on a development set; rounds are kept in the file `state`, and resumed from it.

    `report` is called after every round, and may raise to stop. Texts that are too long
    for one search take no part.
    """
    short = [
        (source, target)
        for source, target in zip(sources, targets, strict=True)
        if engine.size(source) <= MAX_WORDS
    ]
    pairs = [masked(*pair) for pair in short]
    numbers = _Numbers(engine)
    references = Sentences.of([numbers.of_text(text) for _, text in pairs])
    segments = [engine.encode(Segment(text, Constraints())) for text, _ in short]
    search = recipe.search
    assert isinstance(search, Stack)
    narrow = search.replace(width=min(search.width, WIDTH))
    limits = engine.limits(narrow)
    count = recipe.tuning.candidates

    def decode(weights: Floats) -> NBest:
        engine.decoder = engine.decoder.with_weights(weights)
        found = engine.map(
            lambda one: engine.decoder.candidates(one.tokens.ids, limits, count), segments
        )
        return _joined(list(map(numbers.of_output, segments, found)))

    def keep(so_far: TuningState) -> None:
        write_atomically(state, lambda path: _write(path, so_far.as_json()))
        report(so_far)

    begun = TuningState.from_json(state.read_text("utf-8")) if state.exists() else None
    return tune(decode, references, _features(engine), recipe.tuning, state=begun, progress=keep)


def _features(engine: PhraseEngine) -> FeatureWeights:
    """Features with a weight are tuned; those without stay out."""
    default = weights_by_name(engine.decoder.weights)
    fixed = ("unknown", *(name for name, weight in default.items() if weight == 0))
    return FeatureWeights.of(default, non_negative=NOT_NEGATIVE, fixed=fixed)


class _Numbers:
    """Ids of target tokens, also of those that the vocabulary does not have, such as copies."""

    def __init__(self, engine: PhraseEngine) -> None:
        self._engine = engine
        tokens = engine.model.target.vocabulary
        self._ids = {token: number for number, token in enumerate(tokens)}

    def of_text(self, text: str) -> list[int]:
        """The ids of a text without placeholders."""
        return [self._id(token) for token in self._engine.model.target.split(text)]

    def of_output(self, encoded: Encoded, found: Candidates) -> Candidates:
        """What the decoder wrote, in these ids."""
        copied = np.flatnonzero(found.tokens >= len(self._engine.model.target))
        if not len(copied):
            return found
        tokens = found.tokens.copy()
        for place in copied.tolist():
            tokens[place] = self._id(self._engine.token(encoded, int(tokens[place])))
        return found._replace(tokens=tokens)

    def _id(self, token: str) -> int:
        return self._ids.setdefault(token, len(self._ids))


def _joined(found: Sequence[Candidates]) -> NBest:
    """The candidates of all sentences."""
    lengths = np.concatenate([np.diff(one.offsets) for one in found])
    tokens = np.concatenate([one.tokens for one in found]).astype(np.int32)
    hypotheses = Sentences(tokens, offsets_of(lengths))
    features = np.concatenate([one.features for one in found]).astype(np.float32)
    return NBest(hypotheses, features, offsets_of(np.array([len(one.features) for one in found])))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
