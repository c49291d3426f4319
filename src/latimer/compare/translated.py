"""The outputs of systems, and what they cost where they were made here."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latimer.compare.systems import Kind, Member, System
from latimer.errors import InputError
from latimer.files import read_lines
from latimer.model.config import Languages

if TYPE_CHECKING:
    from latimer.engines.translator import Translator
    from latimer.search.constraints import Constraints
    from latimer.search.strategies import Search

CHUNK = 500
"""Lines translated between two reports of progress."""

Progress = Callable[[int], None]
"""Called with the number of lines that are done."""


@dataclass(frozen=True)
class Cost:
    """What a system needs; None where it is not known.

    cpu_seconds: of translating, without loading, all threads and child processes together;
    megabytes: on disk (10⁶ bytes); minutes: of training.
    """

    cpu_seconds: float | None = None
    megabytes: float | None = None
    minutes: float | None = None


@dataclass(frozen=True)
class Output:
    """The translations of one member, a line for each source."""

    lines: tuple[str, ...]
    cost: Cost = Cost()
    languages: Languages = field(default_factory=Languages)
    """Those of the translator; empty codes for a file or copied text."""
    training: Path | None = None
    """The target side of the text it was trained on, where its description names it."""


@dataclass(frozen=True)
class Translated:
    """A system with the outputs of its members."""

    name: str
    members: tuple[Output, ...]

    def mean_cost(self, figure: str) -> float | None:
        """The mean of a field of `Cost` over the members; None unless it is known of all."""
        found = [getattr(member.cost, figure) for member in self.members]
        return None if None in found else sum(found) / len(found)


@dataclass(frozen=True)
class Ways:
    """How translators are loaded and asked; by default their own way.

    constraints are those on every text.
    """

    load: Callable[[str], Translator] | None = None
    search: Callable[[Translator], Search] | None = None
    constraints: Constraints | None = None

    def opened(self, given: str) -> Translator:
        """The translator of that name or folder."""
        from latimer.engines.registry import load

        return (self.load or load)(given)


def output_of(
    member: Member, sources: Sequence[str], ways: Ways, progress: Progress = lambda done: None
) -> Output:
    """Translate the sources with a member, or read its file.

    Raises InputError for a file of another number of lines or one that cannot be read, for lines
    that are all blank, and for whatever the translator refuses.
    """
    if member.kind is Kind.COPY:
        return Output(tuple(sources), Cost(None, 0.0, 0.0))
    if member.kind is Kind.FILE:
        return Output(_of_file(Path(member.given), len(sources)))
    return _of_translator(member.given, sources, ways, progress)


def check_system(translated: Translated) -> None:
    """Raises InputError if a member has written nothing at all."""
    for number, member in enumerate(translated.members, start=1):
        if not any(line.strip() for line in member.lines):
            which = f" (member {number})" if len(translated.members) > 1 else ""
            raise InputError(
                f"{translated.name}{which}: its output is empty, all {len(member.lines):,} lines "
                "are blank; leave it out or make it again"
            )


def translate_system(
    system: System,
    sources: Sequence[str],
    ways: Ways | None = None,
) -> Translated:
    """The outputs of all members of a system; raises as `output_of` does."""
    return Translated(
        system.name, tuple(output_of(member, sources, ways or Ways()) for member in system.members)
    )


def _of_file(path: Path, sources: int) -> tuple[str, ...]:
    lines = tuple(read_lines(path))
    if len(lines) != sources:
        raise InputError(
            f"{path} has {len(lines):,} lines but the source has {sources:,}; line n of the one "
            "must be the translation of line n of the other"
        )
    return lines


def _of_translator(given: str, sources: Sequence[str], ways: Ways, progress: Progress) -> Output:
    translator = ways.opened(given)
    children_before, own_before = _children(translator), time.process_time()
    with translator:
        search = ways.search(translator) if ways.search else None
        lines: list[str] = []
        for begin in range(0, len(sources), CHUNK):
            chunk = sources[begin : begin + CHUNK]
            found = translator.translate(chunk, search, constraints=ways.constraints)
            lines += [" ".join(one.text.split("\n")) for one in found]
            progress(len(lines))
        own = time.process_time() - own_before
        languages = translator.languages
        inside = _asked(translator, "cpu_seconds")
        disk = _asked(translator, "disk_bytes")
    # Programs that an engine runs are counted by the system once they have ended.
    children = _waited() if inside is None else inside
    size = _size(Path(given)) if disk is None else disk
    facts, training = _facts(given)
    cost = Cost(own + children - children_before, None if size is None else size / 1e6, facts)
    return Output(tuple(lines), cost, languages, training)


def _children(translator: Translator) -> float:
    inside = _asked(translator, "cpu_seconds")
    return _waited() if inside is None else inside


def _waited() -> float:
    """CPU seconds of the child processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _asked(translator: Translator, name: str) -> float | None:
    """What a method of the translator or of its engine says, None if neither has it."""
    for one in (translator, getattr(translator, "engine", None)):
        method: Any = getattr(one, name, None)
        if callable(method):
            return float(method())
    return None


def _size(folder: Path) -> int | None:
    """Bytes of all files of a folder."""
    if not folder.is_dir():
        return None
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _facts(given: str) -> tuple[float | None, Path | None]:
    """Minutes of training and the target side of the training text, from a model's description."""
    from latimer.model.config import ModelConfig
    from latimer.model.reading import read_config

    if not Path(given).is_dir():
        return None, None
    config = read_config(given, ModelConfig)
    train = config.data.train
    return config.scores.minutes, train.target if train else None
