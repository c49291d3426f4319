"""The tables of the pages, written from the figures in `docs/results/data`.

    python -m benchmarks.tables
    python -m benchmarks.tables --check

Each `NAME.json` holds one table: `source` (the command, the machine, the date if it is known),
`columns` with a `title` and the decimals (`digits`) of its numbers, and `rows`. A page says where
it goes, between `<!-- table: NAME -->` and `<!-- end -->`; nothing else of the page is touched.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
RESULTS = DOCS / "results"
MARKED = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the tables, or with `--check` only say which pages are out of date (exit code 1)."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args(arguments).check
    stale = 0
    for page in sorted(DOCS.rglob("*.md")):
        old = page.read_text(encoding="utf-8")
        new = filled(old)
        if new != old:
            stale += 1
            print(f"{page.name}: {'out of date' if check else 'written'}", file=sys.stderr)
            if not check:
                page.write_text(new, encoding="utf-8")
    return int(check and stale > 0)


def filled(page: str) -> str:
    """The page with every marked table as its JSON has it."""
    return MARKED.sub(lambda found: found[1] + rendered(load(found[2])) + found[3], page)


def load(name: str) -> dict[str, Any]:
    """The content of `docs/results/data/NAME.json`."""
    table: dict[str, Any] = json.loads((RESULTS / "data" / f"{name}.json").read_bytes())
    return table


def rendered(table: dict[str, Any]) -> str:
    """The table as Markdown, and below it the machine and the command that measures it."""
    columns = table["columns"]
    lines = [
        [column["title"] for column in columns],
        ["---:" if "digits" in column else "---" for column in columns],
        *([cell(value, column) for value, column in zip(row, columns, strict=True)]
          for row in table["rows"]),
    ]  # fmt: skip
    source = table["source"]
    date = f", {source['date']}" if source.get("date") else ""
    note = f" {source['note']}" if source.get("note") else ""
    head = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (
        f"\n{head}\n\nMachine: {source['machine']}{date}. Command: `{source['command']}`{note}\n\n"
    )


def cell(value: float | str | Sequence[float] | None, column: dict[str, Any]) -> str:
    """A number with the column's decimals; three are a mean with its lowest and highest."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    digits = column.get("digits", 0)
    if isinstance(value, Sequence):
        mean, low, high = (f"{part:,.{digits}f}" for part in value)
        return f"{mean} ({low}–{high})"
    return f"{value:,.{digits}f}"


if __name__ == "__main__":
    sys.exit(main())
