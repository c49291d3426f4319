"""Models that search together, made ready for products in the precisions that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, NamedTuple

from latimer.engines.languages import check_languages
from latimer.engines.shortlist import Shortlist, choose_shortlist
from latimer.errors import InputError
from latimer.model.folder import Model
from latimer.nn.inference.folded import fold
from latimer.nn.inference.products import PRODUCTS
from latimer.search.combined import Ensemble, ShallowFusion
from latimer.search.guided import Guided
from latimer.search.scorer import Scorer


class Searcher(NamedTuple):
    """A scorer, and the shortlist of its vocabulary if it has one."""

    scorer: Scorer[Any]
    shortlist: Shortlist | None


class Prepared:
    """What searches with some models in a precision, made when that is first asked for.

    Networks are folded once, and precisions share all but the matrices that are rounded. Several
    threads may ask.
    """

    def __init__(
        self,
        models: Sequence[Model],
        language_model: Model | None,
        weight: float,
        critic: Model | None,
        critic_weight: float,
        shortlist: str | int,
    ) -> None:
        """As `NeuralTranslator`; the first of `models` is the one that the others are added to."""
        self._models, self._language_model, self._weight = models, language_model, weight
        self._critic, self._critic_weight, self._shortlist = critic, critic_weight, shortlist
        fused = [] if language_model is None else [language_model]
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
        models, language_model, critic = self._models, self._language_model, self._critic
        first = models[0].vocabulary
        for other in models[1:]:
            if (other.vocabulary.source, other.vocabulary.target) != (first.source, first.target):
                raise InputError(
                    "models of different vocabularies cannot be an ensemble; train the second "
                    "with subwords.model set to the folder of the first"
                )
        for other in models[1:]:
            check_languages("a model of the ensemble", other, models[0], ("source", "target"))
        scorers = [ready(model) for model in models]
        scorer = scorers[0] if len(scorers) == 1 else Ensemble(scorers)
        if critic is not None:
            theirs = critic.vocabulary
            if (theirs.source, theirs.target) != (first.source, first.target):
                raise InputError(
                    "the critic has another vocabulary than the translator; take one from a run "
                    "that improved it"
                )
            scorer = Guided(scorer, critic.network.eval(), self._critic_weight)
        if language_model is None:
            return scorer
        if language_model.vocabulary.target != first.target:
            raise InputError(
                "the language model has another vocabulary than the translator; train it with "
                "subwords.model set to the translator's folder"
            )
        check_languages("the language model", language_model, models[0], ("target",))
        return ShallowFusion(scorer, ready(language_model), self._weight)
