"""The initial network of a run: random weights, or those of another model."""

from __future__ import annotations

from pathlib import Path

from latimer.errors import InputError
from latimer.model.folder import load_model
from latimer.nn.build import build_network
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import Recipe
from latimer.text.vocabulary.vocabulary import Vocabulary


def fresh_network(recipe: Recipe, vocabulary: Vocabulary) -> Seq2Seq:
    """The network of `recipe` with random weights; raises InputError when it is impossible."""
    try:
        return build_network(
            recipe.model,
            source_vocab=len(vocabulary.source),
            target_vocab=len(vocabulary.target),
        )
    except ValueError as error:
        raise InputError(f"model.{error}") from error


def take_weights(network: Seq2Seq, folder: Path, vocabulary: Vocabulary) -> None:
    """Load the weights of the model in `folder` into `network`.

    Raises InputError when they do not fit or that model's vocabulary is not `vocabulary`.
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
