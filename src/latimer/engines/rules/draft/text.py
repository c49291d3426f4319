"""The translated text that a draft is made from: two files, a corpus folder, or a model's text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from latimer.errors import InputError
from latimer.formats.parallel import read_parallel
from latimer.model.config import Languages, ModelConfig
from latimer.model.reading import CONFIG, read_config
from latimer.text.corpus.clean import normalise


def read_text(
    places: Sequence[Path], source: str, target: str
) -> tuple[list[tuple[str, str]], Languages]:
    """Pairs of sentences and their languages.

    places: source and target file; a folder of `latimer corpus`; or a model folder, whose
    `config.json` names the text that it was made from. Raises InputError for anything else.
    """
    if len(places) == 1:
        return _read_folder(places[0], source, target)
    if len(places) != 2:
        raise InputError("name a model, a corpus folder, or a source and a target file")
    return _pairs(*places), Languages(source=source, target=target)


def _read_folder(folder: Path, source: str, target: str) -> tuple[list[tuple[str, str]], Languages]:
    if (folder / CONFIG).exists():
        config = read_config(folder, ModelConfig)
        text = config.data.train
        if text is None or text.source is None:
            raise InputError(f"{folder / CONFIG}: it does not say what text it was made from")
        for path in (text.source, text.target):
            if not path.exists():
                raise InputError(f"{path}: the text of {folder} is not there; name two files")
        return _pairs(text.source, text.target), config.languages
    files = folder / f"train.{source}", folder / f"train.{target}"
    for path in files:
        if not path.is_file():
            raise InputError(
                f"{path} is missing; name a model, a folder of `latimer corpus` (and --source and "
                "--target), or a source and a target file"
            )
    return _pairs(*files), Languages(source=source, target=target)


def _pairs(source: Path, target: Path) -> list[tuple[str, str]]:
    left, right = read_parallel(source, target)
    return [(normalise(one), normalise(other)) for one, other in zip(left, right, strict=True)]
