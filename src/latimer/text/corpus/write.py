"""A prepared corpus on disk."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal

from latimer.files import gzipped, write_atomically
from latimer.formats.pair import Pair
from latimer.text.corpus.prepare import Prepared

Format = Literal["text", "tsv"]

REPORT = "report.json"


def part_names(
    part: str, source_language: str, target_language: str, form: Format, gzipped: bool
) -> list[str]:
    """The files of one part: `train.en` and `train.de`, or `train.tsv`; `.gz` added if wanted."""
    ends = [source_language, target_language] if form == "text" else ["tsv"]
    return [f"{part}.{end}{'.gz' if gzipped else ''}" for end in ends]


def write_prepared(
    prepared: Prepared,
    folder: Path,
    source_language: str,
    target_language: str,
    form: Format = "text",
    gzipped: bool = False,
) -> list[Path]:
    """Write train, dev and test as UTF-8, a sentence a line; each file whole or not at all.

    Returns the files written. Raises LatimerError when the disk refuses.
    """
    written = []
    for part, pairs in (("train", prepared.train), ("dev", prepared.dev), ("test", prepared.test)):
        names = part_names(part, source_language, target_language, form, gzipped)
        for name, lines in zip(names, _columns(pairs, form), strict=True):
            write_lines(folder / name, lines)
            written.append(folder / name)
    return written


def _columns(pairs: Sequence[Pair], form: Format) -> list[Iterable[str]]:
    if form == "tsv":
        return [(f"{pair.source}\t{pair.target}" for pair in pairs)]
    return [(pair.source for pair in pairs), (pair.target for pair in pairs)]


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write UTF-8 lines atomically, compressed if the name ends in `.gz`; no time is recorded."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as raw:
            if gzipped(path):
                with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as file:
                    _write_lines(file, lines)
            else:
                _write_lines(raw, lines)

    write_atomically(path, write)


def _write_lines(file: BinaryIO | gzip.GzipFile, lines: Iterable[str]) -> None:
    for line in lines:
        file.write(line.encode("utf-8") + b"\n")


def write_report(
    folder: Path, source_language: str, target_language: str, report: dict[str, Any]
) -> dict[str, Any]:
    """Write `report.json` atomically, the languages in it, and return what it says."""
    languages = {"source_language": source_language, "target_language": target_language}
    written = {**languages, **report}
    write_lines(folder / REPORT, [json.dumps(written, indent=2)])
    return written
