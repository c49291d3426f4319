"""Scores of the models of a quickstart on dev and test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from latimer.engines.registry import load
from latimer.engines.translator import Translation
from latimer.model.config import ModelConfig
from latimer.model.reading import read_config
from latimer.quickstart.improvement import Gain
from latimer.quickstart.plan import Plan
from latimer.quickstart.scores import Scored, score, unaided
from latimer.search.reading import read_search
from latimer.search.strategies import Search
from latimer.text.corpus.prepare import Prepared
from latimer.text.nearest import TranslationMemory
from latimer.threads import available_cores
from latimer.train.loop.interruption import Interrupted


@dataclass(frozen=True)
class Improved:
    """The result of learning from reward; without a model if it was interrupted too early."""

    model: Path | None
    minutes: float
    updates: int
    interrupted: Interrupted | None


class Judge:
    """Translates dev and test with models of a quickstart, and scores the translations."""

    def __init__(self, plan: Plan, prepared: Prepared, search: Search) -> None:
        self.search = search
        self.threads = plan.threads or available_cores()
        named = (("dev", prepared.dev), ("test", prepared.test))
        memory = TranslationMemory(prepared.train)
        self.unaided = {
            name: unaided(pairs, memory, plan.languages.target) for name, pairs in named if pairs
        }

    def translator(
        self, model: Path, search: Search | None = None
    ) -> Callable[..., list[Translation]]:
        """The model's `translate`.

        Networks use the search of the recipe unless another one is given; other models their own.
        """
        neural = read_config(model, ModelConfig).engine == self.search.engine
        chosen = search or (self.search if neural else None)
        return partial(load(model, threads=self.threads).translate, search=chosen)

    def parts(self, model: Path, search: Search | None = None) -> dict[str, Scored]:
        """The scores of every part, by name."""
        translate = self.translator(model, search)
        return {name: score(translate, part) for name, part in self.unaided.items()}

    def compare(
        self, model: Path, parts: dict[str, Scored], improved: Improved
    ) -> tuple[dict[str, Scored], Gain]:
        """The scores of the better model on dev, and the gain of the improved one."""
        assert improved.model is not None
        beam = f"beam {self.search.rows}"
        better = self.parts(improved.model)
        one = read_search({"width": 1}, self.search)
        greedy = (self.parts(model, one), self.parts(improved.model, one))
        compared = {
            name: {
                "greedy": greedy[1][name].against(greedy[0][name].translations),
                beam: better[name].against(parts[name].translations),
            }
            for name in self.unaided
        }
        kept = all(compared[name][beam].difference > 0 for name in compared if name == "dev")
        gain = Gain(improved.minutes, improved.updates, compared, kept)
        return (better if kept else parts), gain
