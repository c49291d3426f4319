"""Scores of the models of a quickstart on dev and test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from latimer.engines.neural import load
from latimer.engines.translator import Translation
from latimer.quickstart.improvement import Gain
from latimer.quickstart.plan import Plan
from latimer.quickstart.scores import Scored, score, unaided
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

    def __init__(self, plan: Plan, prepared: Prepared, search: dict[str, Any]) -> None:
        self.search = search
        self.threads = plan.threads or available_cores()
        named = (("dev", prepared.dev), ("test", prepared.test))
        memory = TranslationMemory(prepared.train)
        self.unaided = {
            name: unaided(pairs, memory, plan.languages.target) for name, pairs in named if pairs
        }

    def translator(self, model: Path, **changes: Any) -> Callable[..., list[Translation]]:
        """The model's `translate` with the search settings of the recipe and `changes`."""
        return partial(load(model, threads=self.threads).translate, **{**self.search, **changes})

    def parts(self, model: Path, **changes: Any) -> dict[str, Scored]:
        """The scores of every part, by name."""
        translate = self.translator(model, **changes)
        return {name: score(translate, part) for name, part in self.unaided.items()}

    def compare(
        self, model: Path, parts: dict[str, Scored], improved: Improved
    ) -> tuple[dict[str, Scored], Gain]:
        """The scores of the better model on dev, and the gain of the improved one."""
        assert improved.model is not None
        beam = f"beam {self.search['beam']}"
        better = self.parts(improved.model)
        greedy = (self.parts(model, beam=1), self.parts(improved.model, beam=1))
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
