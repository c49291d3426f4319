"""Small rule systems that come with Latimer, each a folder to start from."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from latimer.errors import InputError, LatimerError


def example_names() -> list[str]:
    """Pairs of languages, such as `en-de`, that there is an example for."""
    here = resources.files(__name__)
    return sorted(one.name for one in here.iterdir() if (one / "config.json").is_file())


def copy_example(pair: str, folder: Path) -> None:
    """Write the files of an example into a new folder.

    Raises InputError for a pair without one, and for a folder that holds something.
    """
    if pair not in example_names():
        raise InputError(f"there is no example for {pair}; there are {', '.join(example_names())}")
    check_new(folder)
    try:
        with resources.as_file(resources.files(__name__) / pair) as files:
            shutil.copytree(files, folder, dirs_exist_ok=True)
    except OSError as error:
        raise LatimerError(f"cannot write {folder}: {error.strerror or error}") from error


def check_new(folder: Path) -> None:
    """Raises InputError for a folder that holds something already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: this is there already; name a new folder")
