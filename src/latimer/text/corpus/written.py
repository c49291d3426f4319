"""A corpus folder that `latimer corpus` has written, read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from latimer.errors import InputError
from latimer.text.corpus.write import REPORT, part_names

PARTS = ("train", "dev", "test")


class Written(NamedTuple):
    """A corpus folder: its languages, and by part (train, dev, test) source and target file."""

    source_language: str
    target_language: str
    files: dict[str, tuple[Path, Path]]


def open_written(folder: Path) -> Written:
    """The text files of a corpus folder; parts without a pair are left out.

    Raises InputError when the folder is not one, or is not in text form.
    """
    try:
        report = json.loads((folder / REPORT).read_bytes())
        source, target = str(report["source_language"]), str(report["target_language"])
    except OSError as error:
        raise InputError(
            f"{folder}: no {REPORT} in it; give a folder that latimer corpus has written"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / REPORT}: damaged; run latimer corpus again") from error
    files = {part: pair for part in PARTS if (pair := _files(folder, part, source, target))}
    missing = {"train", "dev"} - files.keys()
    if missing:
        raise InputError(
            f"{folder}: no {' and '.join(sorted(missing))} text of {source} and {target}; "
            "run latimer corpus with --format text"
        )
    return Written(source, target, files)


def _files(folder: Path, part: str, source: str, target: str) -> tuple[Path, Path] | None:
    for gzipped in (False, True):
        left, right = part_names(part, source, target, "text", gzipped)
        if (folder / left).is_file() and (folder / right).is_file():
            return folder / left, folder / right
    return None
