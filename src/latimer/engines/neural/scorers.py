"""Models that search together, made ready for products in the precisions that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple

from latimer.engines.neural.languages import check_languages
from latimer.engines.neural.shortlist import Shortlist, choose_shortlist
from latimer.errors import InputError
from latimer.model.folder import Model
from latimer.nn.inference.folded import fold
from latimer.nn.inference.products import PRODUCTS
from latimer.search.combined import Ensemble, ShallowFusion
from latimer.search.scorer import Scorer
from latimer.text.vocabulary.subwords import Subwords


class Searcher(NamedTuple):
    """A scorer, and the shortlist of its vocabulary if it has one."""

    scorer: Scorer[Any]
    shortlist: Shortlist | None


@dataclass(frozen=True)
class Fusion:
    """A language model whose log-probabilities are added in search with a weight."""

    language_model: Model
    weight: float = 0.1


class Scorers:
    """What scores with some models in a precision, made when that is first asked for.

    Networks are folded once, and precisions share all but the matrices that are quantised. Several
    threads may ask.
    """

    def __init__(
        self, models: Sequence[Model], fusion: Fusion | None, shortlist: str | int
    ) -> None:
        """The first of `models` is the one that the others are added to."""
        self._models, self._fusion, self._shortlist = models, fusion, shortlist
        fused = [] if fusion is None else [fusion.language_model]
        self._folded = {id(one): fold(one.network.eval()) for one in [*models, *fused]}
        self._made: dict[str, Searcher] = {}
        self._lock = Lock()

    def __getitem__(self, precision: str) -> Searcher:
        """The searcher with products in a precision of `latimer.nn.inference.products.PRODUCTS`.

        Raises InputError for models that do not go together, and as `choose_shortlist` does.
        """
        with self._lock:
            if precision not in self._made:
                self._made[precision] = self._make(precision)
            return self._made[precision]

    def _make(self, precision: str) -> Searcher:
        def ready(model: Model) -> Scorer[Any]:
            prepared: Scorer[Any] = PRODUCTS[precision](self._folded[id(model)])
            return prepared

        scorer, first = self._combined(ready), self._models[0]
        shortlist = choose_shortlist(
            self._shortlist, first.lexicon, scorer, joint=first.vocabulary.joint,
            precision=precision,
        )  # fmt: skip
        return Searcher(scorer, shortlist)

    def _combined(self, ready: Callable[[Model], Scorer[Any]]) -> Scorer[Any]:
        """One scorer of all models, of which `ready` makes that of each."""
        first, *others = self._models
        for other in others:
            if _vocabularies(other) != _vocabularies(first):
                raise InputError(
                    "models of different vocabularies cannot be an ensemble; train the second "
                    "with subwords.model set to the folder of the first"
                )
            check_languages("a model of the ensemble", other, first, ("source", "target"))
        scorers = [ready(model) for model in self._models]
        scorer = scorers[0] if len(scorers) == 1 else Ensemble(scorers)
        if self._fusion is None:
            return scorer
        language_model = self._fusion.language_model
        if language_model.vocabulary.target != first.vocabulary.target:
            raise InputError(
                "the language model has another vocabulary than the translator; train it with "
                "subwords.model set to the translator's folder"
            )
        check_languages("the language model", language_model, first, ("target",))
        return ShallowFusion(scorer, ready(language_model), self._fusion.weight)


def _vocabularies(model: Model) -> tuple[Subwords, Subwords]:
    return model.vocabulary.source, model.vocabulary.target
