"""Three models of different vocabularies: direct, reverse and a language model."""

from __future__ import annotations

from latimer.model.folder import Model
from tiny_model import speaking, tiny_model, tiny_vocabulary


def made() -> tuple[Model, Model, Model]:
    direct = tiny_model(seed=1)
    reverse = speaking(tiny_model(tiny_vocabulary(joint=False, seed=7), seed=2), "de", "en")
    language = tiny_model(tiny_vocabulary(seed=5), seed=3, kind="language_model", attention="none")
    return direct, reverse, language
