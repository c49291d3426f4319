"""The folder of a phrase-based model; nothing of the corpus but its words and phrases.

config.json                 engine, languages, data, scores, weights of the features, search
source.json, target.json    the words of each language, and their usual case
source.model, target.model  sentencepiece models of languages written without spaces
phrases.safetensors         the phrase table
language_model.safetensors  the n-gram language model
README.md                   the model card
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from latimer.engines.phrases.config import PhrasesConfig
from latimer.errors import InputError
from latimer.files import sha256_of, write_folder_atomically
from latimer.model.reading import CONFIG, read_config, unreadable
from latimer.statistical.decoder.features import weight_array
from latimer.statistical.language_model.model import NgramModel
from latimer.statistical.phrases.phrase_table import PhraseTable
from latimer.statistical.phrases.table_file import load_table, save_table
from latimer.statistical.tokens.side import Side

TABLE, LANGUAGE_MODEL, CARD = "phrases.safetensors", "language_model.safetensors", "README.md"


@dataclass(frozen=True)
class PhraseModel:
    """A phrase-based translator."""

    source: Side
    target: Side
    table: PhraseTable
    language_model: NgramModel
    config: PhrasesConfig


def save_model(folder: Path, model: PhraseModel, card: str) -> None:
    """Write the model folder in one piece; `card` becomes its README.

    Raises LatimerError when the disk refuses; an older folder is then unharmed.
    """

    def fill(temporary: Path) -> None:
        model.source.save(temporary, "source")
        model.target.save(temporary, "target")
        save_table(model.table, temporary / TABLE)
        model.language_model.save(temporary / LANGUAGE_MODEL)
        sums = {path.name: sha256_of(path) for path in sorted(temporary.iterdir())}
        entries = model.config.model_copy(update={"sha256": sums}).as_json()
        text = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
        (temporary / CONFIG).write_text(text, encoding="utf-8")
        (temporary / CARD).write_text(card, encoding="utf-8")

    write_folder_atomically(folder, fill)


def load_model(folder: str | Path) -> PhraseModel:
    """Read a model folder.

    Raises InputError, one line, for a model of another engine, and for a file that is missing,
    damaged, or not the one that came with the model.
    """
    folder = Path(folder)
    config = read_config(folder, PhrasesConfig)
    _check_files(folder, config)
    try:
        weight_array(config.weights)
    except InputError as error:
        raise InputError(f"{folder / CONFIG}: {error}; copy the folder again") from error
    source, target = Side.load(folder, "source"), Side.load(folder, "target")
    table = load_table(folder / TABLE, len(source), len(target))
    model = NgramModel.load(folder / LANGUAGE_MODEL, len(target))
    return PhraseModel(source, target, table, model, config)


def _check_files(folder: Path, config: PhrasesConfig) -> None:
    for name in ("source.json", "target.json", TABLE, LANGUAGE_MODEL):
        if name not in config.sha256:
            raise InputError(
                f"{folder / CONFIG}: sha256 has no entry for {name}; copy the folder again"
            )
    for name, expected in config.sha256.items():
        path = folder / Path(name).name
        try:
            found = sha256_of(path)
        except OSError as error:
            raise unreadable(path, error) from error
        if found != expected:
            raise InputError(
                f"{path}: not the file that came with this model (sha256 differs from {CONFIG}); "
                "copy the whole model folder again"
            )
