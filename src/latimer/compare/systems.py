"""What is compared: systems as the command line names them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from latimer.errors import InputError

COPY = "copy"
"""The system that repeats its source."""

ACCEPTED = (
    "a model folder, the name of an engine and its languages such as apertium:en-es, "
    "a file of translations, or copy"
)
"""For messages: what a system can be."""


class Kind(Enum):
    """What a member of a system is."""

    COPY = "copy"
    FILE = "file"
    """Translations made elsewhere, line by line."""
    TRANSLATOR = "translator"
    """Anything that `latimer.load` takes."""


@dataclass(frozen=True)
class Member:
    """One translator, or one file of translations; `given` is how it was named."""

    kind: Kind
    given: str


@dataclass(frozen=True)
class System:
    """A system to compare: one member, or several of one family, trained with different seeds."""

    name: str
    members: tuple[Member, ...]


def read_systems(texts: Sequence[str]) -> list[System]:
    """The systems, each `SYSTEM`, `NAME=SYSTEM` or `NAME=SYSTEM,SYSTEM…`.

    Raises InputError, one line, for what is no system, for a group without a name, and for two
    systems of one name.
    """
    systems = [read_system(text) for text in texts]
    for name, count in Counter(system.name for system in systems).items():
        if count > 1:
            raise InputError(
                f"{count} systems are called {name!r}; name them apart with NAME=SYSTEM"
            )
    return systems


def read_system(text: str) -> System:
    """One system; see `read_systems`."""
    name, equals, value = text.partition("=")
    if not equals or Path(text).exists():
        name, value = "", text
    elif not name.strip():
        raise InputError(f"{text}: a name is expected before =")
    members = tuple(_member(part) for part in _parts(value))
    if len(members) > 1 and not name:
        raise InputError(f"{text}: a group of systems needs a name: NAME={text}")
    return System(name.strip() or _short(members[0]), members)


def _parts(value: str) -> list[str]:
    if Path(value).exists():
        return [value]
    return [part.strip() for part in value.split(",")]


def _member(given: str) -> Member:
    if given == COPY:
        return Member(Kind.COPY, given)
    try:
        if given and Path(given).exists():
            return Member(Kind.TRANSLATOR if Path(given).is_dir() else Kind.FILE, given)
        if ":" in given:
            return Member(Kind.TRANSLATOR, given)
    except OSError as error:
        raise InputError(f"{given}: cannot be read: {error.strerror or error}") from error
    raise InputError(f"{given!r}: no such system; a system is {ACCEPTED}")


def _short(member: Member) -> str:
    """The name of a system without one: the last part of its path, or the run's folder."""
    if member.kind is Kind.COPY or ":" in member.given:
        return member.given
    path = Path(member.given).absolute()
    inside_run = member.kind is Kind.TRANSLATOR and path.parent.name == "models"
    return path.parent.parent.name if inside_run else path.name
