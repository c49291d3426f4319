"""The network that a run begins with: freshly drawn, or with the weights of another model."""

from __future__ import annotations

from pathlib import Path

from latimer.errors import InputError
from latimer.model.folder import load_model
from latimer.nn.build import build_network
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import Recipe
from latimer.text.vocabulary.vocabulary import Vocabulary


def fresh_network(recipe: Recipe, vocabulary: Vocabulary) -> Seq2Seq:
    """The network of `recipe`, freshly drawn; raises InputError when it cannot be."""
    try:
        return build_network(
            recipe.model,
            source_vocab=len(vocabulary.source),
            target_vocab=len(vocabulary.target),
        )
    except ValueError as error:
        raise InputError(f"model.{error}") from error


def take_weights(network: Seq2Seq, folder: Path, vocabulary: Vocabulary) -> None:
    """Give `network` the weights of the model in `folder`; InputError when they do not fit.

    They are of the pieces of that model, which must be those of `vocabulary`.
    """
    found = load_model(folder)
    theirs = found.vocabulary
    if (theirs.source, theirs.target) != (vocabulary.source, vocabulary.target):
        raise InputError(
            f"start: {folder} has other subwords than this run; set subwords.model to {folder}"
        )
    try:
        network.load_state_dict(found.network.state_dict())
    except RuntimeError as error:
        raise InputError(
            f"start: {folder} is another network than `model` and `subwords` describe; copy these "
            "from its config.json, or use `latimer improve`"
        ) from error
