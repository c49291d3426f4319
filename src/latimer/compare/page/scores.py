"""The sections of the page with the scores of all systems and of every pair."""

from __future__ import annotations

from latimer.compare.figures import p_value, quantity, ratio, score, signed
from latimer.compare.page.markup import (
    Cell,
    Content,
    Markup,
    details,
    empty_tag,
    section,
    table,
    tag,
)
from latimer.compare.pairs import PairDifference
from latimer.compare.report import ComparisonReport
from latimer.compare.scores import SystemRow
from latimer.metrics.corpus_scores import METRICS

OPEN = 10
"""A table of at most so many pairs is unfolded."""


def systems(report: ComparisonReport) -> Markup:
    """A row a system."""
    titles = [METRICS[metric].title for metric in report.signatures]
    header: list[Content] = ["System", *titles, "BLEU, 95 % interval", "Length ratio"]
    header += ["Sentences per CPU second", "MB on disk", "Minutes of training"]
    scale = _scale(report)
    rows = [
        [
            _name(row),
            *(_scored(row, metric) for metric in report.signatures),
            _drawn(row, scale),
            ratio(row.length_ratio),
            *map(quantity, (row.sentences_per_cpu_second, row.megabytes, row.minutes)),
        ]
        for row in report.systems
    ]
    shown = table("Scores with 95 % bootstrap intervals", _broken(header), rows)
    return section("Systems", shown, _notes(report))


def _broken(header: list[Content]) -> list[Content]:
    """Long titles on two lines."""
    parts = {"Sentences per CPU second": ("Sentences", "per CPU second")}
    parts |= {"Minutes of training": ("Minutes", "of training")}
    return [
        (parts[title][0], empty_tag("br"), parts[title][1])
        if isinstance(title, str) and title in parts
        else title
        for title in header
    ]


def _notes(report: ComparisonReport) -> Markup:
    return tag("div", [tag("p", note) for note in report.notes], class_="note", role="note")


def _name(row: SystemRow) -> Content:
    return row.name if row.members == 1 else (row.name, tag("small", f"mean of {row.members}"))


def _scored(row: SystemRow, metric: str) -> Content:
    found = row.scores[metric]
    parts = [
        tag("b", score(found.value)),
        tag("small", f"{score(found.low)} – {score(found.high)}"),
    ]
    if row.members > 1:
        least, most = found.range
        parts.append(tag("small", f"members {score(least)} – {score(most)}"))
    return parts


def _scale(report: ComparisonReport) -> tuple[float, float]:
    """The lowest and the highest bound of an interval of BLEU."""
    found = [row.scores["bleu"] for row in report.systems]
    return min(one.low for one in found), max(one.high for one in found)


def _drawn(row: SystemRow, scale: tuple[float, float]) -> Markup:
    """The interval of BLEU as a line, the score as a point, all rows on one scale."""
    low, high = scale
    found = row.scores["bleu"]

    def x(value: float) -> str:
        return f"{4 + 136 * (value - low) / max(high - low, 1e-9):.1f}"

    parts = [
        empty_tag("path", d="M4 9H140", class_="track"),
        empty_tag("path", d=f"M{x(found.low)} 9H{x(found.high)}", class_="bounds"),
        empty_tag("circle", cx=x(found.value), cy="9", r="4", class_="point"),
    ]
    return tag("svg", parts, viewBox="0 0 144 18", class_="span", aria_hidden="true")


def pairs(report: ComparisonReport) -> Markup:
    """A square of differences for each metric, and every figure below it."""
    if not report.pairs:
        return Markup("")
    draws = report.draws
    lead = (
        "Each cell is the score of the row less that of the column; coloured where Holm's "
        "corrected p of approximate randomisation is below 0.05. All systems are scored on the "
        "same draws."
    )
    parts: list[str | Markup] = []
    for metric in report.signatures:
        of_metric = [pair for pair in report.pairs if pair.metric == metric]
        parts.append(_square(METRICS[metric].title, metric, of_metric, report))
        parts.append(
            details(
                f"{METRICS[metric].title}: every pair with intervals and p-values",
                _listed(METRICS[metric].title, of_metric),
                is_open=len(of_metric) <= OPEN,
            )
        )
    explained = (
        f"p-values as sacreBLEU defines them: paired approximate randomisation with "
        f"{draws.trials:,} trials, paired bootstrap with {draws.samples:,} samples, seed "
        f"{draws.seed}. Holm: corrected over all pairs of the metric."
    )
    return section("Differences", *parts, tag("p", explained, class_="lead"), lead=lead)


def _square(
    title: str, metric: str, found: list[PairDifference], report: ComparisonReport
) -> Markup:
    names = [row.name for row in report.systems]
    known = {(pair.first, pair.second): pair for pair in found}
    lower_is_better = METRICS[metric].is_error

    def cell(row: str, column: str) -> Content | Cell | None:
        if row == column:
            return None
        pair = known.get((column, row)) or known[row, column]
        value = pair.difference if pair.second == row else -pair.difference
        if not pair.clear:
            return Cell(signed(value), "level")
        better = (value < 0) == lower_is_better
        return Cell(signed(value), "better" if better else "worse")

    rows = [[name, *(cell(name, other) for other in names)] for name in names]
    return table(f"{title}: row less column", ["", *names], rows, style="square")


def _listed(title: str, found: list[PairDifference]) -> Markup:
    header = ["From", "To", "Difference", "95 % interval", "p (randomisation)", "Holm"]
    header += ["p (bootstrap)", "Holm"]
    rows = [
        [
            one.first, one.second, signed(one.difference),
            f"{signed(one.low)} … {signed(one.high)}",
            p_value(one.randomisation), p_value(one.randomisation_holm),
            p_value(one.bootstrap), p_value(one.bootstrap_holm),
        ]
        for one in found
    ]  # fmt: skip
    classes = ["" if one.clear else "unclear" for one in found]
    return table(f"{title}: second less first", header, rows, texts=2, classes=classes)
