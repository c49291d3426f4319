"""Searches and constraints by the names of their settings, for tests that vary them."""

from latimer.engines.neural.engine import NeuralEngine, Working
from latimer.engines.neural.noisy_channel import NoisyChannelEngine
from latimer.engines.text_translator import TextTranslator
from latimer.search.reading import read_constraints, read_search

CONSTRAINTS = {
    "prefix": "prefix", "must": "phrases", "glossary": "glossary", "min_length": "min_length",
    "max_length": "max_length", "no_repeat": "no_repeat",
}  # fmt: skip
"""What tests call a constraint, and its name."""


def asked(search=None, **settings):
    """Arguments of `translate`: a search of these settings, unless one is given, and constraints.

    `beam` is the width of the beam.
    """
    constraints = {
        CONSTRAINTS[name]: settings.pop(name) for name in [*settings] if name in CONSTRAINTS
    }
    if "beam" in settings:
        settings["width"] = settings.pop("beam")
    if search is None:
        search = read_search(settings)
    return {"search": search, "constraints": read_constraints(constraints)}


def translator_of(
    *models, threads=None, precision="fp32", shortlist="auto", batch_tokens=2048, fusion=None
):
    """A translator of models in memory; of several it is an ensemble."""
    working = Working(threads, precision, shortlist, batch_tokens)
    return TextTranslator(NeuralEngine(*models, fusion=fusion, working=working))


def channel_of(channel):
    """A translator whose translations the noisy channel ranks."""
    return TextTranslator(NoisyChannelEngine(NeuralEngine(channel.direct), channel))
