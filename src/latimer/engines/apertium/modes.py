"""Modes of Apertium: which pairs are installed, and the programs that a pair consists of."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from latimer.engines.apertium.languages import languages_of, mode_names, package_of
from latimer.errors import InputError

MODES_FOLDERS = (Path("/usr/share/apertium/modes"), Path("/usr/local/share/apertium/modes"))
"""Where the modes of installed pairs are, unless a folder is named."""
VARIABLE = "APERTIUM_MODES"
"""The environment variable that names the folder of modes."""


def modes_folders(named: Path | None) -> list[Path]:
    """Where to look for modes: the folder named, that of the environment, or the usual ones."""
    if named is not None:
        return [named]
    if variable := os.environ.get(VARIABLE):
        return [Path(variable)]
    return list(MODES_FOLDERS)


def find_mode(pair: str, folders: Sequence[Path]) -> Path:
    """The file of the mode for a pair such as `en-es`, or of a mode's own name.

    Raises InputError, naming the Debian package to install, where it is not there.
    """
    source, dash, target = pair.partition("-")
    if not dash or not source or not target or "/" in pair:
        raise InputError(f"apertium:{pair}: name the languages as in apertium:en-es, source first")
    for folder in folders:
        for name in mode_names(pair):
            if (path := folder / f"{name}.mode").is_file():
                return path
    raise _missing(pair, folders)


def installed_pairs(folders: Sequence[Path]) -> list[str]:
    """The pairs, such as `en-es`, of the modes in the folders."""
    languages = [languages_of(path.stem) for one in folders for path in one.glob("*.mode")]
    return sorted({f"{one.source}-{one.target}" for one in languages})


def read_mode(path: Path, *, mark_unknown: bool) -> list[list[str]]:
    """The command lines of a mode's programs, in order, each made to translate text by text.

    A mode is a shell pipeline in which `$1` stands for the options of the generator (`-g` marks
    unknown words, `-n` does not) and `$2` for those of the tagger. `-z` makes a program end its
    output, and flush it, at each null character: without it nothing comes before the input ends.
    Raises InputError for a mode that is no pipeline, and for a program that is not installed.
    """
    try:
        lexer = shlex.shlex(path.read_text("utf-8"), posix=True, punctuation_chars="|")
        lexer.whitespace_split, lexer.commenters = True, ""
        words = list(lexer)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a mode of Apertium: {error}") from error
    commands: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            commands.append([])
        elif word != "$2":
            commands[-1].append(("-g" if mark_unknown else "-n") if word == "$1" else word)
    if not all(commands):
        raise InputError(f"{path}: not a mode of Apertium: a program is missing in its pipeline")
    return [[_program(command[0], path), "-z", *command[1:]] for command in commands]


def _program(name: str, mode: Path) -> str:
    found = shutil.which(name)
    if found is None:
        pair = "-".join(languages_of(mode.stem).model_dump().values())
        package = package_of(pair) or "apertium"
        raise InputError(
            f"{mode}: the program {name} is not installed; install it with "
            f"`apt-get install {package}`"
        )
    return found


def _missing(pair: str, folders: Sequence[Path]) -> InputError:
    package, installed = package_of(pair), installed_pairs(folders)
    where = " or ".join(map(str, folders))
    there = f"installed are {', '.join(installed)}" if installed else f"no pair is in {where}"
    if package is None:
        return InputError(f"apertium:{pair}: Debian has no Apertium for this pair; {there}")
    return InputError(
        f"apertium:{pair}: this pair of Apertium is not installed ({there}); install it with "
        f"`apt-get install {package}`"
    )
