"""The searches with their settings by name, for tests that vary them."""

from latimer.search import beam, constrained, diverse, exact, sampling
from latimer.search import distinct as without_replacement
from latimer.search.strategies import Beam, DiverseBeam, Exact, Sampling

OTHERS = {"max_length", "allow_unk", "keep_attention", "pick", "phrases", "keys"}
"""Arguments of a search that are no settings of its strategy."""


def _by_name(search, strategy):
    def call(scorer, source, lengths, **given):
        settings = {name: value for name, value in given.items() if name not in OTHERS}
        if "beam" in settings:
            settings["width"] = settings.pop("beam")
        others = {name: value for name, value in given.items() if name in OTHERS}
        return search(scorer, source, lengths, strategy(**settings), **others)

    return call


beam_search = _by_name(beam.beam_search, Beam)
constrained_beam_search = _by_name(constrained.constrained_beam_search, Beam)
diverse_beam_search = _by_name(diverse.diverse_beam_search, DiverseBeam)
exact_search = _by_name(exact.exact_search, Exact)
sample = _by_name(sampling.sample, Sampling)
sample_distinct = _by_name(without_replacement.sample_distinct, Sampling)
