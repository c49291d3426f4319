"""What a translation must keep: placeholders, numbers and the terms of a glossary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from latimer.compare.translated import Translated
from latimer.text.glossary import Glossary
from latimer.text.vocabulary.placeholders import mask, slot, without_placeholders

_NUMBER = re.compile(r"\d+(?:[.,:\u00a0\u202f'’]\d+)*")


@dataclass(frozen=True)
class Kept:
    """One kind of thing to keep.

    wanted: how many there are; reference: how many of them the reference has, a yardstick;
    systems: how many each system has, of a group the mean of its members; added: how many
    each system has that its source does not have, None for terms.
    """

    kind: str
    wanted: int
    reference: int
    systems: tuple[float, ...]
    added: tuple[float, ...] | None


def placeholders(text: str) -> Counter[str]:
    """Placeholders, tags and links of a text, and how often it has each."""
    masked, table = mask(text)
    return Counter({written: masked.count(slot(k)) for k, written in enumerate(table)})


def numbers(text: str) -> Counter[str]:
    """Numbers outside placeholders, by their digits: 1,000.5 and 1.000,5 are the same."""
    found = _NUMBER.findall(without_placeholders(text))
    return Counter("".join(filter(str.isdigit, number)) for number in found)


def kept(
    sources: Sequence[str],
    references: Sequence[str],
    systems: Sequence[Translated],
    glossary: Glossary | None = None,
) -> list[Kept]:
    """Placeholders and numbers of the sources, and the terms of the glossary if there is one."""
    found = [
        _kept(kind, items, sources, references, systems)
        for kind, items in (("placeholders", placeholders), ("numbers", numbers))
    ]
    return found if glossary is None else [*found, _terms(glossary, sources, references, systems)]


def _kept(
    kind: str,
    items: Callable[[str], Counter[str]],
    sources: Sequence[str],
    references: Sequence[str],
    systems: Sequence[Translated],
) -> Kept:
    wanted = [items(source) for source in sources]

    def both(lines: Sequence[str]) -> tuple[int, int]:
        written = [items(line) for line in lines]
        pairs = list(zip(wanted, written, strict=True))
        return sum((w & o).total() for w, o in pairs), sum((o - w).total() for w, o in pairs)

    found = [[both(member.lines) for member in system.members] for system in systems]
    return Kept(
        kind,
        sum(map(Counter.total, wanted)),
        both(references)[0],
        tuple(_mean([one for one, _ in members]) for members in found),
        tuple(_mean([more for _, more in members]) for members in found),
    )


def _terms(
    glossary: Glossary,
    sources: Sequence[str],
    references: Sequence[str],
    systems: Sequence[Translated],
) -> Kept:
    wanted = [[term.target for term in glossary.find(source)] for source in sources]

    def there(lines: Sequence[str]) -> int:
        return sum(
            term in line for terms, line in zip(wanted, lines, strict=True) for term in terms
        )

    shares = tuple(_mean([there(one.lines) for one in system.members]) for system in systems)
    return Kept("glossary terms", sum(map(len, wanted)), there(references), shares, None)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
