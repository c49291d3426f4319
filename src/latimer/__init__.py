"""Latimer: small recurrent translators, trained on your own text, for an ordinary CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from latimer.engines.registry import load as load
    from latimer.engines.translator import Request as Request
    from latimer.engines.translator import Translation as Translation
    from latimer.engines.translator import Translator as Translator
    from latimer.search.constraints import Constraints as Constraints
    from latimer.search.strategies import Beam as Beam
    from latimer.search.strategies import DiverseBeam as DiverseBeam
    from latimer.search.strategies import Exact as Exact
    from latimer.search.strategies import MinimumBayesRisk as MinimumBayesRisk
    from latimer.search.strategies import Sampling as Sampling

_HOME = {
    "load": "latimer.engines.registry",
    "Request": "latimer.engines.translator",
    "Translation": "latimer.engines.translator",
    "Translator": "latimer.engines.translator",
    "Constraints": "latimer.search.constraints",
    "Beam": "latimer.search.strategies",
    "DiverseBeam": "latimer.search.strategies",
    "Exact": "latimer.search.strategies",
    "MinimumBayesRisk": "latimer.search.strategies",
    "Sampling": "latimer.search.strategies",
}

__all__ = [
    "Beam",
    "Constraints",
    "DiverseBeam",
    "Exact",
    "MinimumBayesRisk",
    "Request",
    "Sampling",
    "Translation",
    "Translator",
    "load",
]


def __getattr__(name: str) -> Any:
    """Import a public name at its first use, so that `import latimer` stays quick (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'latimer' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
