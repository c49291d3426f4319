"""Making a combined model of a network, a phrase-based model and a development set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from latimer.engines.combined.assembly import engine_of
from latimer.engines.combined.config import CombinedConfig
from latimer.engines.combined.features import DEFAULT_WEIGHTS, FEATURES
from latimer.engines.combined.folder import Models, save_model
from latimer.engines.combined.options import CombinedOptions
from latimer.engines.combined.tuning import (
    USUAL_STRENGTH,
    Development,
    best_texts,
    choose_guidance,
    first_texts,
    guidance_of,
    tune_weights,
)
from latimer.engines.engine import Segment
from latimer.engines.phrases.folder import load_model as load_phrases
from latimer.errors import InputError
from latimer.model.card import model_card
from latimer.model.config import Languages, Scores
from latimer.model.folder import load_translator
from latimer.search.constraints import Constraints
from latimer.search.strategies import Beam
from latimer.text.corpus.clean import normalise

MOST = 1000
"""Pairs of the development set that are used, at most."""

Notify = Callable[[str], None]
"""Is told what is being done."""


class Combined(NamedTuple):
    """A combined model that was made.

    BLEU is of the development set: of the first outputs of each system, of the network as it is
    searched in the combination, and of the combination, whose weights were tuned there; message:
    what came of tuning.
    """

    folder: Path
    pairs: int
    network_bleu: float
    phrases_bleu: float
    combined_bleu: float
    message: str


def combine(
    network: Path,
    phrases: Path,
    sources: Sequence[str],
    references: Sequence[str],
    out: Path,
    *,
    options: CombinedOptions | None = None,
    notify: Notify = lambda stage: None,
    command: str = "latimer combine",
) -> Combined:
    """Write a combined model into the folder `out`, its weights tuned on a development set.

    network, phrases: model folders, which are copied; sources, references: the development set,
    of which the first `MOST` pairs are used. With a set too small to tune on the default weights
    are kept. Raises InputError for models of another kind or of different languages, and for lists
    of different lengths or without a pair.
    """
    options = CombinedOptions() if options is None else options
    notify("reading the models")
    models = Models(
        load_translator(network, options.device), load_phrases(phrases), CombinedConfig(weights={})
    )
    languages = _languages(network, phrases, models)
    dev = _development(sources, references, languages.target)
    config = CombinedConfig(languages=languages, weights=dict(DEFAULT_WEIGHTS))
    made = _tuned(models._replace(config=config), dev, options, notify)
    card = model_card(made.config, command=command)
    notify("writing the model")
    save_model(out, made.config, network, phrases, card)
    return Combined(
        out, len(dev.segments), made.network_bleu, made.phrases_bleu,
        made.config.scores.dev_bleu or 0.0, made.message,
    )  # fmt: skip


class _Made(NamedTuple):
    config: CombinedConfig
    network_bleu: float
    phrases_bleu: float
    message: str


def _tuned(models: Models, dev: Development, options: CombinedOptions, notify: Notify) -> _Made:
    config = models.config
    search = config.search
    assert isinstance(search, Beam)
    engine = engine_of(models, options)
    try:
        notify(f"translating {len(dev.segments):,} sentences with the phrase-based model")
        phrases = engine.phrase_outputs(dev.segments)
        guidance = guidance_of(USUAL_STRENGTH)
        if not dev.small:
            notify("choosing how far phrases guide the network")
            guidance, _ = choose_guidance(engine, search, dev, phrases)
        notify("translating them with the network")
        found = engine.candidates(dev.segments, search, guidance, phrases)
        notify("scoring the candidates of both")
        candidates = engine.describe(found)
    finally:
        engine.close()
    notify("tuning weights")
    tuned = tune_weights(candidates, dev)
    bleu = dev.bleu(best_texts(candidates, tuned.weights))
    combination = config.combination.model_copy(update={"guidance": guidance})
    weights = dict(zip(FEATURES, tuned.weights.tolist(), strict=True))
    scores = Scores(dev_bleu=round(bleu, 2))
    return _Made(
        config.model_copy(
            update={"combination": combination, "weights": weights, "scores": scores}
        ),
        dev.bleu(first_texts(found, lambda one: one.network)),
        dev.bleu(first_texts(found, lambda one: one.phrases)),
        tuned.message,
    )


def _languages(network: Path, phrases: Path, models: Models) -> Languages:
    """Those of both; raises InputError where they differ."""
    one, other = models.network.config.languages, models.phrases.config.languages
    for side in ("source", "target"):
        ours, theirs = getattr(one, side), getattr(other, side)
        if ours and theirs and ours != theirs:
            raise InputError(
                f"{phrases}: its {side} language is {theirs}, that of {network} is {ours}; "
                "models of the same languages are needed"
            )
    return Languages(source=one.source or other.source, target=one.target or other.target)


def _development(sources: Sequence[str], references: Sequence[str], language: str) -> Development:
    if len(sources) != len(references):
        raise InputError(
            f"{len(sources)} sources but {len(references)} references; "
            "both must have the same number of lines"
        )
    pairs = [
        (text, reference) for source, reference in zip(sources, references, strict=True)
        if (text := normalise(source)) and reference.strip()
    ][:MOST]  # fmt: skip
    if not pairs:
        raise InputError("the development set has no pair of sentences; both texts are blank")
    segments = [Segment(text, Constraints()) for text, _ in pairs]
    return Development(segments, [reference for _, reference in pairs], language)
