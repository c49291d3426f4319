"""The whole page."""

from __future__ import annotations

from latimer import __version__
from latimer.compare.page import closer, scores
from latimer.compare.page.markup import Markup, inner, tag
from latimer.compare.page.style import style
from latimer.compare.report import ComparisonReport
from latimer.metrics.corpus_scores import METRICS


def page(report: ComparisonReport, title: str) -> str:
    """The comparison as an HTML document that is complete in itself; `title` names the test set."""
    parts = [
        scores.systems(report),
        scores.pairs(report),
        closer.lengths(report),
        closer.words(report),
        closer.kept(report),
    ]
    if report.closer is not None:
        parts += [
            closer.ngrams(report.closer),
            closer.sentences(report.closer, report.languages.target),
        ]
    body = [_header(report, title), tag("main", parts), _footer(report)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        '<meta name="color-scheme" content="light dark"/>\n'
        f'<link rel="icon" href="data:,"/>\n{inner(tag("title", f"Comparison: {title}"))}\n'
        f"<style>{style()}</style>\n</head>\n<body>\n{inner(body)}\n</body>\n</html>\n"
    )


def _header(report: ComparisonReport, title: str) -> Markup:
    code = report.languages
    known = code.source or code.target
    pair = f" from {code.source or '?'} into {code.target or '?'}" if known else ""
    count = len(report.systems)
    about = f"{count} system{'s' if count != 1 else ''}, {report.sentences:,} sentences{pair}"
    return tag("header", [tag("h1", f"Comparison: {title}"), tag("p", about, class_="sub")])


def _footer(report: ComparisonReport) -> Markup:
    lines = [
        tag("p", [f"{METRICS[name].title}: ", tag("code", text)])
        for name, text in report.signatures.items()
    ]
    return tag("footer", [*lines, tag("p", f"Made by latimer compare {__version__}.")])
