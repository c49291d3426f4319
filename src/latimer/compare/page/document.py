"""The whole page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import unescape

from latimer import __version__
from latimer.compare.page import closer, scores
from latimer.compare.page.markup import Markup, anchor, inner, tag
from latimer.compare.page.style import style
from latimer.compare.report import ComparisonReport
from latimer.metrics.corpus_scores import METRICS


def page(report: ComparisonReport, title: str) -> str:
    """The comparison as an HTML document that is complete in itself; `title` names the test set."""
    parts = [part for part in _sections(report) if part.html]
    body = [_header(report, title, parts), tag("main", parts), _footer(report)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        '<meta name="color-scheme" content="light dark"/>\n'
        f'<link rel="icon" href="data:,"/>\n{inner(tag("title", f"Comparison: {title}"))}\n'
        f"<style>{style()}</style>\n</head>\n<body>\n{inner(body)}\n</body>\n</html>\n"
    )


def _sections(report: ComparisonReport) -> Iterator[Markup]:
    yield scores.systems(report)
    yield scores.pairs(report)
    yield closer.lengths(report)
    yield closer.words(report)
    yield closer.kept(report)
    if report.closer is not None:
        yield closer.ngrams(report.closer)
        yield closer.sentences(report.closer, report.languages.target)


def _header(report: ComparisonReport, title: str, parts: Sequence[Markup]) -> Markup:
    code = report.languages
    known = code.source or code.target
    pair = f" from {code.source or '?'} into {code.target or '?'}" if known else ""
    count = len(report.systems)
    about = f"{count} system{'s' if count != 1 else ''}, {report.sentences:,} sentences{pair}"
    titles = [unescape(part.html.partition("<h2>")[2].partition("</h2>")[0]) for part in parts]
    links = [tag("li", tag("a", one, href=f"#{anchor(one)}")) for one in titles]
    return tag(
        "header",
        [
            tag("h1", f"Comparison: {title}"),
            tag("p", about, class_="sub"),
            tag("nav", tag("ul", links), aria_label="Sections"),
        ],
    )


def _footer(report: ComparisonReport) -> Markup:
    lines = [
        tag("p", [f"{METRICS[name].title}: ", tag("code", text)])
        for name, text in report.signatures.items()
    ]
    return tag("footer", [*lines, tag("p", f"Made by latimer compare {__version__}.")])
