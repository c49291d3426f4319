"""Refuse options that an algorithm does not read, and say who does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches

from latimer.errors import InputError


def refuse_unread(
    algorithm: str,
    given: Iterable[str],
    reads: Mapping[str, set[str]],
    shown: Callable[[str], str] = str,
) -> None:
    """InputError for the first option `given` that is not among reads[algorithm].

    reads: the names of the options of every algorithm; shown(name): how the message writes one.
    """
    for name in given:
        if name in reads[algorithm]:
            continue
        readers = [other for other, names in reads.items() if name in names]
        hint = f"; {', '.join(readers)} {'do' if len(readers) > 1 else 'does'}" if readers else ""
        raise InputError(f"{algorithm} does not read {shown(name)}{hint}")


def closest(word: str, choices: Iterable[str]) -> str:
    """The end of a message about an unknown word: a similar choice, if any, and all of them."""
    names = list(choices)
    near = get_close_matches(word, names, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{hint}; valid choices: {', '.join(names)}"
