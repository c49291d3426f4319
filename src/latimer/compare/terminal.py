"""A comparison in the terminal: a row a system, then a row a pair."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from latimer.compare.figures import p_value, quantity, ratio, score, signed
from latimer.compare.pairs import PairDifference
from latimer.compare.report import ComparisonReport
from latimer.compare.scores import SystemRow
from latimer.metrics.corpus_scores import METRICS


def show(report: ComparisonReport, console: Console) -> None:
    """Print the tables, what the figures mean, and sacreBLEU's signatures."""
    console.print(Group(*_parts(report)))


def _parts(report: ComparisonReport) -> Iterator[RenderableType]:
    code = report.languages
    pair = f", {code.source or '?'}–{code.target or '?'}" if code.source or code.target else ""
    yield Text(f"{report.sentences:,} sentences{pair}", style="bold")
    yield _systems(report)
    for metric in report.signatures if report.pairs else ():
        yield Text()
        yield Text(f"{METRICS[metric].title}, every pair", style="bold")
        yield _pairs([pair for pair in report.pairs if pair.metric == metric])
    yield Text()
    for line in _explained(report):
        yield Text(line, style="dim")


def _systems(report: ComparisonReport) -> Table:
    table = _table("\nsystem")
    for metric in report.signatures:
        table.add_column("\n" + METRICS[metric].title, justify="right", no_wrap=True)
    for title in ("length\nratio", "sentences/\nCPU s", "\nMB", "min of\ntraining"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in report.systems:
        name = row.name if row.members == 1 else f"{row.name} (mean of {row.members})"
        table.add_row(name, *(_scored(row, metric) for metric in report.signatures),
                      ratio(row.length_ratio), quantity(row.sentences_per_cpu_second),
                      quantity(row.megabytes), quantity(row.minutes))  # fmt: skip
    return table


def _scored(row: SystemRow, metric: str) -> str:
    found = row.scores[metric]
    text = f"{score(found.value)} [{score(found.low)}, {score(found.high)}]"
    if row.members > 1:
        least, most = found.range
        text += f"\nrange {score(least)} to {score(most)}"
    return text


def _pairs(pairs: list[PairDifference]) -> Table:
    table = _table("from")
    table.add_column("to", overflow="fold", min_width=8)
    for title in ("difference", "95 % interval", "p rand.", "Holm", "p boot.", "Holm"):
        table.add_column(title, justify="right", no_wrap=True)
    for one in pairs:
        table.add_row(
            one.first, one.second, signed(one.difference),
            f"[{signed(one.low)}, {signed(one.high)}]",
            p_value(one.randomisation), p_value(one.randomisation_holm),
            p_value(one.bootstrap), p_value(one.bootstrap_holm),
            style="" if one.clear else "dim",
        )  # fmt: skip
    return table


def _table(first: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    table.add_column(first, overflow="fold", min_width=8)
    return table


def _explained(report: ComparisonReport) -> Iterator[str]:
    draws = report.draws
    if report.pairs:
        yield (
            f"p rand.: paired approximate randomisation, {draws.trials:,} trials; p boot.: paired "
            f"bootstrap, {draws.samples:,} samples; both as sacreBLEU defines them, seed "
            f"{draws.seed}, the same draws for all systems. Holm: corrected over the pairs of the "
            "table. Rows whose corrected p rand. is not below 0.05 are dimmed."
        )
    yield from report.notes
    yield from (f"{METRICS[name].title}: {text}" for name, text in report.signatures.items())
