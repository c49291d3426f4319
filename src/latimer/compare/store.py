"""Outputs kept in a folder, so that a comparison can be repeated without translating again.

outputs.json   what each file is: system, model, source text, settings, cost
NAME.txt       the translations of a system; NAME-1.txt … of the members of a group
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from latimer.compare.systems import Kind, Member, System
from latimer.compare.translated import Cost, Output
from latimer.errors import InputError
from latimer.files import read_lines, sha256_of, write_atomically
from latimer.model.config import Languages

INDEX = "outputs.json"


class Entry(BaseModel):
    """What is known of one file of outputs; `made_from` names everything that decides them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    sha256: str
    system: str
    model: str
    made_from: str
    cost: Cost
    languages: Languages
    training: Path | None


@dataclass(frozen=True)
class Store:
    """A folder of outputs; `settings` are those of search and engine that were asked for.

    reuse: whether what is there is taken instead of translating.
    """

    folder: Path
    settings: dict[str, Any]
    reuse: bool = False

    def check(self) -> None:
        """Raises InputError for a folder that cannot be made or written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe = self.folder / f".{INDEX}.probe"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise InputError(
                f"--outputs {self.folder}: cannot be written: {error.strerror or error}; "
                "choose another folder"
            ) from error
        self._entries()

    def find(self, system: System, number: int, sources: Sequence[str]) -> Output | None:
        """The output of a member, counted from 0, if it was made by the same means and is whole."""
        if not self.reuse:
            return None
        entry = self._entries().get(_file(system, number))
        made_from = self._made_from(system.members[number], sources)
        if entry is None or entry.made_from != made_from:
            return None
        path = self.folder / entry.file
        if not path.is_file() or sha256_of(path) != entry.sha256:
            return None
        return Output(tuple(read_lines(path)), entry.cost, entry.languages, entry.training)

    def keep(self, system: System, number: int, sources: Sequence[str], output: Output) -> None:
        """Write the output of a member that was translated here; nothing for files and copies."""
        member = system.members[number]
        if member.kind is not Kind.TRANSLATOR:
            return
        path = self.folder / _file(system, number)
        text = "".join(f"{line}\n" for line in output.lines)
        write_atomically(path, lambda to: _write(to, text))
        entry = Entry(
            file=path.name,
            sha256=sha256_of(path),
            system=system.name,
            model=member.given,
            made_from=self._made_from(member, sources),
            **{name: getattr(output, name) for name in ("cost", "languages", "training")},
        )
        entries = {**self._entries(), path.name: entry}
        index = [one.model_dump(mode="json") for one in entries.values()]
        content = json.dumps(index, ensure_ascii=False, indent=2) + "\n"
        write_atomically(self.folder / INDEX, lambda to: _write(to, content))

    def _entries(self) -> dict[str, Entry]:
        path = self.folder / INDEX
        if not path.exists():
            return {}
        try:
            found = [Entry.model_validate(one) for one in json.loads(path.read_bytes())]
        except (OSError, ValueError, TypeError, ValidationError) as error:
            raise InputError(
                f"{path}: damaged, or not made by latimer compare; remove it or choose another "
                "folder for --outputs"
            ) from error
        return {one.file: one for one in found}

    def _made_from(self, member: Member, sources: Sequence[str]) -> str:
        """A digest of the source text, the settings, and the model with all its files."""
        digest = sha256()
        for line in sources:
            digest.update(line.encode() + b"\n")
        digest.update(json.dumps(self.settings, sort_keys=True, default=str).encode())
        digest.update(member.given.encode())
        folder = Path(member.given)
        for file in sorted(folder.rglob("*")) if folder.is_dir() else []:
            if file.is_file():
                digest.update(f"{file.relative_to(folder)} {sha256_of(file)}".encode())
        return digest.hexdigest()


def check_names(systems: Sequence[System]) -> None:
    """Raises InputError if two outputs would have the same file."""
    known: dict[str, str] = {}
    for system in systems:
        for number in range(len(system.members)):
            other = known.setdefault(_file(system, number).lower(), system.name)
            if other != system.name:
                raise InputError(
                    f"--outputs: {other!r} and {system.name!r} would be kept in the same file; "
                    "name them apart with NAME=SYSTEM"
                )


def _file(system: System, number: int) -> str:
    stem = re.sub(r"[^\w.+-]+", "-", system.name).strip("-.") or "system"
    return f"{stem}-{number + 1}.txt" if len(system.members) > 1 else f"{stem}.txt"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
