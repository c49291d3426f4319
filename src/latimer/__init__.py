"""Latimer: small recurrent translators, trained on your own text, for an ordinary CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from latimer.engines.neural import NeuralTranslator as NeuralTranslator
    from latimer.engines.registry import load as load
    from latimer.engines.translator import Translation as Translation
    from latimer.engines.translator import Translator as Translator

_HOME = {
    "load": "latimer.engines.registry",
    "NeuralTranslator": "latimer.engines.neural",
    "Translation": "latimer.engines.translator",
    "Translator": "latimer.engines.translator",
}

__all__ = ["NeuralTranslator", "Translation", "Translator", "load"]


def __getattr__(name: str) -> Any:
    """Import a public name at its first use, so that `import latimer` stays quick (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'latimer' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
