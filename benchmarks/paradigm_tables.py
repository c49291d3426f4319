"""The tables of the paradigms, from what `benchmarks.paradigms` has measured.

A result has the keys of `latimer compare --json`, and `text`, its name; `of`, the name of the whole
text; `train`, pairs to learn from; `missing`, by paradigm why there is no translator.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.common import machine_facts
from latimer.metrics.resampling import holm
from latimer.metrics.significance import LEVEL

Result = dict[str, Any]

COMMAND = "python -m benchmarks run paradigms --data MULTI30K --text CORPUS --work FOLDER --write"
COLUMNS = (
    {"title": "translator"},
    {"title": "BLEU (95 % interval)", "digits": 1},
    {"title": "chrF (95 % interval)", "digits": 1},
    {"title": "length ratio", "digits": 2},
    {"title": "sentences / CPU s", "digits": 0},
    {"title": "MB", "digits": 1},
    {"title": "minutes of training", "digits": 1},
    {"title": "CPU minutes", "digits": 1},
    {"title": "p against the row above", "digits": 3},
)
SIZE_COLUMNS = (
    {"title": "text"},
    {"title": "pairs", "digits": 0},
    {"title": "phrases, BLEU", "digits": 1},
    {"title": "attention, BLEU", "digits": 1},
    {"title": "combined, BLEU", "digits": 1},
    {"title": "attention less phrases", "digits": 1},
    {"title": "p", "digits": 3},
    {"title": "combined less the better", "digits": 1},
    {"title": "p", "digits": 3},
    {"title": "CPU minutes, phrases", "digits": 1},
    {"title": "CPU minutes, attention", "digits": 1},
)


@dataclass(frozen=True)
class Source:
    """Where the figures come from."""

    machine: str
    date: str
    note: str

    @classmethod
    def here(cls, note: str | None) -> Source:
        """This machine, today."""
        return cls(machine_facts()["processor"], time.strftime("%Y-%m-%d"), note or "")

    def of(self, *notes: str) -> dict[str, str]:
        """The part `source` of a table."""
        note = " ".join(part for part in (*notes, self.note) if part)
        return {"command": COMMAND, "machine": self.machine, "date": self.date, "note": note}


def all_tables(results: Sequence[Result], source: Source) -> dict[str, dict[str, Any]]:
    """Every table by the name of its file: one a text, and one of sizes."""
    whole = [one for one in results if one["text"] == one["of"]]
    found = {f"paradigms-{one['text']}": table_of(one, source) for one in whole}
    by_text = defaultdict(list)
    for one in sorted(results, key=lambda one: one["train"]):
        by_text[one["of"]].append(one)
    several = {name: some for name, some in by_text.items() if len(some) > 1}
    if several:
        found["paradigms-sizes"] = table_of_sizes(several, source)
    return found


def table_of(result: Result, source: Source) -> dict[str, Any]:
    """The paradigms on one text, the lowest BLEU first, and then those that are missing."""
    systems = sorted(result["systems"], key=bleu)
    rows: list[list[Any]] = []
    for place, system in enumerate(systems):
        above = systems[place - 1]["name"] if place else ""
        p = None if not place else p_of(result, above, system["name"])
        rows.append(row_of(system, p))
    empty = [None] * (len(COLUMNS) - 2)
    rows += [[name, why, *empty] for name, why in result["missing"].items()]
    facts = f"({result['sentences']:,} sentences; {result['train']:,} pairs to learn from.)"
    return {"source": source.of(facts, unclear(result)), "columns": list(COLUMNS), "rows": rows}


def row_of(system: dict[str, Any], p: float | None) -> list[Any]:
    """A row of the table of a text."""
    scores = [interval(system["scores"][metric], 1) for metric in ("bleu", "chrf")]
    figures = [
        rounded(system[key], digits)
        for key, digits in (
            ("length_ratio", 2), ("sentences_per_cpu_second", 1), ("megabytes", 2), ("minutes", 2),
            ("cpu_minutes", 2),
        )
    ]  # fmt: skip
    return [system["name"], *scores, *figures, rounded(p, 4)]


def table_of_sizes(by_text: dict[str, list[Result]], source: Source) -> dict[str, Any]:
    """Phrases, network and combination by text and pairs."""
    rows = [size_row(name, one) for name, some in by_text.items() for one in some]
    return {"source": source.of(), "columns": list(SIZE_COLUMNS), "rows": rows}


def size_row(text: str, result: Result) -> list[Any]:
    """A row of the table of sizes."""
    found = {system["name"]: system for system in result["systems"]}
    names = ("phrases", "attention", "combined")
    scores = [
        round(bleu(found[name]), 1) if name in found else result["missing"].get(name)
        for name in names
    ]
    minutes = [
        rounded(found[name]["cpu_minutes"], 2) if name in found else None for name in names[:2]
    ]
    gain: list[float | None] = [None, None]
    more: list[float | None] = [None, None]
    if "attention" in found and "phrases" in found:
        more = difference(result, "phrases", "attention")
    if len(found.keys() & set(names)) == len(names):
        better = max(names[:2], key=lambda name: bleu(found[name]))
        gain = difference(result, better, "combined")
    return [text, result["train"], *scores, *more, *gain, *minutes]


def difference(result: Result, first: str, second: str) -> list[float | None]:
    """BLEU of the second less that of the first, and p, corrected over the table's three pairs."""
    scores = {system["name"]: bleu(system) for system in result["systems"]}
    compared = {"phrases", "attention", "combined"}
    mine = [pair for pair in result["pairs"] if {pair["first"], pair["second"]} <= compared]
    corrected = dict(
        zip(map(names_of, mine), holm([one["randomisation"] for one in mine]), strict=True)
    )
    p = corrected[frozenset((first, second))]
    return [round(scores[second] - scores[first], 1), round(p, 4)]


def names_of(pair: dict[str, Any]) -> frozenset[str]:
    """The two systems of a pair."""
    return frozenset((pair["first"], pair["second"]))


def p_of(result: Result, one: str, other: str) -> float:
    """Corrected p of randomisation of two systems' difference in BLEU."""
    (p,) = (
        float(pair["randomisation_holm"])
        for pair in result["pairs"]
        if names_of(pair) == {one, other}
    )
    return p


def unclear(result: Result) -> str:
    """The pairs whose difference in BLEU the test does not call clear, as a sentence."""
    pairs = [
        f"{pair['first']} and {pair['second']}"
        for pair in result["pairs"]
        if pair["randomisation_holm"] >= LEVEL
    ]
    if not pairs:
        return "Every pair differs (p < 0.05)."
    return f"Not clearly apart (p ≥ 0.05): {'; '.join(pairs)}. All other pairs differ."


def bleu(system: dict[str, Any]) -> float:
    """The BLEU of a system."""
    return float(system["scores"]["bleu"]["value"])


def interval(score: dict[str, Any], digits: int) -> list[float]:
    """A score with its interval, as a cell of a table."""
    return [round(value, digits) for value in (score["value"], *score["interval"])]


def rounded(value: float | None, digits: int) -> float | None:
    """With so many decimals, if it is known."""
    return None if value is None else round(value, digits)
