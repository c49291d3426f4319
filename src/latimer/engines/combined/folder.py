"""The folder of a combined model.

config.json  engine, languages, scores, how candidates are found, weights of their features
network/     the model folder of the network
phrases/     the model folder of the phrase-based model
README.md    the model card
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

from latimer.engines.combined.config import CombinedConfig
from latimer.engines.combined.features import weight_array
from latimer.engines.phrases.folder import PhraseModel
from latimer.engines.phrases.folder import load_model as load_phrases
from latimer.errors import InputError
from latimer.files import sha256_of, write_folder_atomically
from latimer.model.folder import Model, load_translator
from latimer.model.reading import CONFIG, read_config, unreadable

NETWORK, PHRASES, CARD = "network", "phrases", "README.md"


class Models(NamedTuple):
    """The two models of a combined one, and what its `config.json` says."""

    network: Model
    phrases: PhraseModel
    config: CombinedConfig


def save_model(
    folder: Path, config: CombinedConfig, network: Path, phrases: Path, card: str
) -> None:
    """Write the model folder in one piece, with copies of the folders of both models.

    Raises LatimerError when the disk refuses; an older folder is then unharmed.
    """

    def fill(temporary: Path) -> None:
        shutil.copytree(network, temporary / NETWORK)
        shutil.copytree(phrases, temporary / PHRASES)
        sums = {name: sha256_of(temporary / name / CONFIG) for name in (NETWORK, PHRASES)}
        entries = config.model_copy(update={"sha256": sums}).as_json()
        text = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
        (temporary / CONFIG).write_text(text, encoding="utf-8")
        (temporary / CARD).write_text(card, encoding="utf-8")

    write_folder_atomically(folder, fill)


def load_models(folder: str | Path, device: str = "cpu") -> Models:
    """Read a model folder; the network comes on `device`.

    Raises InputError, one line, for a model of another engine, and for a file of either model that
    is missing, damaged, or not the one that came with it.
    """
    folder = Path(folder)
    config = read_config(folder, CombinedConfig)
    try:
        weight_array(config.weights)
    except InputError as error:
        raise InputError(f"{folder / CONFIG}: {error}; copy the folder again") from error
    for name in (NETWORK, PHRASES):
        _check(folder, name, config)
    network = load_translator(folder / NETWORK, device)
    return Models(network, load_phrases(folder / PHRASES), config)


def _check(folder: Path, name: str, config: CombinedConfig) -> None:
    """Refuse a model that the weights were not made for."""
    path = folder / name / CONFIG
    try:
        found = sha256_of(path)
    except OSError as error:
        raise unreadable(path, error) from error
    if found != config.sha256.get(name):
        raise InputError(
            f"{path}: not the file that came with this model (sha256 differs from {CONFIG}); "
            "copy the whole model folder again, or combine the models anew"
        )
