"""Language codes as people and files write them: `en`, `en-US`, `en_us`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from latimer.errors import InputError

_CODE = re.compile(r"[A-Za-z0-9]+([-_@][A-Za-z0-9]+)*")


def canonical(code: str) -> str:
    """Lower case, with hyphens."""
    return code.strip().lower().replace("_", "-")


def matches(code: str, wanted: str) -> bool:
    """Whether the codes are equal, or one of them only leaves out script or region."""
    code, wanted = canonical(code), canonical(wanted)
    return code == wanted or code.startswith(wanted + "-") or wanted.startswith(code + "-")


def best(codes: Iterable[str], wanted: str) -> str | None:
    """The code that equals `wanted`, else the first that `matches` it, else None."""
    fitting = [code for code in codes if matches(code, wanted)]
    exact = [code for code in fitting if canonical(code) == canonical(wanted)]
    return next(iter(exact or fitting), None)


def check_code(code: str, option: str) -> None:
    """Raise InputError naming `option` unless `code` looks like a language code."""
    if not _CODE.fullmatch(code):
        raise InputError(f"{option}: {code!r} is no language code such as en, de or pt-BR")


def check_languages(source: str, target: str, options: tuple[str, str]) -> None:
    """Raise InputError naming the `options` unless the codes are those of two languages."""
    for code, option in zip((source, target), options, strict=True):
        check_code(code, option)
    if canonical(source) == canonical(target):
        raise InputError(
            f"{options[0]} and {options[1]} are both {source}; two languages are needed"
        )
