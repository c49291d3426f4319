"""What became of a corpus: read, dropped and why, kept, split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Report:
    """The account of one corpus; every number counts pairs unless it says otherwise."""

    skipped: dict[str, int]
    """Entries of the files that are no finished translation: fuzzy, untranslated, …"""
    read: int
    dropped: dict[str, int]
    """By the reasons of `latimer.text.corpus.clean`, in that order."""
    examples: dict[str, list[str]]
    """For each reason, where the first pairs dropped for it stand (`file:line`)."""
    kept: int
    groups: int
    """Files or components the kept pairs come from."""
    split_by: str
    """`group` or `source`: what is held out whole."""
    leaks: int
    """Held-out pairs dropped because their source stands in train (or, test, in dev)."""
    train: int
    dev: int
    test: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def table(self) -> Table:
        """For a terminal."""
        from rich.table import Table
        from rich.text import Text

        table = Table("", "pairs", "for example", box=None, pad_edge=False)
        table.columns[1].justify = "right"
        table.columns[2].overflow = "fold"
        for label, count, note, style in self._rows():
            table.add_row(label, f"{count:,}", Text(note), style=style)
        return table

    def _rows(self) -> Iterator[tuple[str, int, str, str]]:
        """Label, number of pairs, note and style of each row."""
        for reason, count in self.skipped.items():
            yield f"skipped: {reason}", count, "", "dim"
        yield "read", self.read, "", "bold"
        for reason, count in self.dropped.items():
            yield f"dropped: {reason}", count, next(iter(self.examples[reason]), ""), "dim"
        yield "kept", self.kept, _from(self.groups), "bold"
        yield "train", self.train, "", "bold"
        note = f"held out by {self.split_by}"
        if self.leaks:
            note += f"; {self.leaks:,} more dropped, their source stands in train"
        yield "dev", self.dev, note, "bold"
        yield "test", self.test, "", "bold"


def _from(groups: int) -> str:
    return f"from {groups:,} files or components" if groups > 1 else ""
