"""The sections of the page that look closer: lengths, words, n-grams, what is kept, sentences."""

from __future__ import annotations

from collections.abc import Sequence

from latimer.compare.figures import score, signed
from latimer.compare.kept import Kept
from latimer.compare.ngrams import Gram, NgramChange
from latimer.compare.page.chart import Chart, figure
from latimer.compare.page.coloured import marked
from latimer.compare.page.markup import Content, Markup, details, section, table, tag
from latimer.compare.report import CloserLook, ComparisonReport
from latimer.compare.samples import Sample
from latimer.compare.words import WordClass
from latimer.metrics.corpus_scores import written_without_spaces


def lengths(report: ComparisonReport) -> Markup:
    """BLEU by length of the source."""
    names = _names(report)
    unit = "characters" if written_without_spaces(report.languages.source) else "words"
    titles = [_range(one.first, one.last) for one in report.lengths]
    values = tuple(tuple(one.bleu[k] for one in report.lengths) for k in range(len(names)))
    chart = Chart(
        "BLEU by length of the source", names, tuple(titles), values, f"{unit} of the source",
        "BLEU",
    )  # fmt: skip
    rows = [
        [title, f"{one.sentences:,}", *map(score, one.bleu)]
        for title, one in zip(titles, report.lengths, strict=True)
    ]
    shown = table("BLEU of each class of length", [unit.title(), "Sentences", *names], rows)
    return section("Length of the source", figure(chart), shown)


def words(report: ComparisonReport) -> Markup:
    """F1 of words by their frequency in the training text."""
    if report.words is None:
        return Markup("")
    names = _names(report)
    titles = [_frequency(one) for one in report.words]
    values = tuple(tuple(one.f1[k] for one in report.words) for k in range(len(names)))
    starts = ("unseen", "1", *(f"{one.first}+" for one in report.words[2:]))
    chart = Chart(
        "F1 of words by their frequency in training", names, starts, values,
        "occurrences in the training text, at least", "F1",
    )  # fmt: skip
    rows = [
        [title, f"{one.words:,}", *map(score, one.f1)]
        for title, one in zip(titles, report.words, strict=True)
    ]
    shown = table("F1 of each class", ["Occurrences", "Words of the reference", *names], rows)
    lead = (
        f"Words that the training text ({report.training}) never had stand apart, as “unseen”. A "
        "word of the output is right if the reference of its sentence has it."
    )
    return section("Rare and frequent words", figure(chart), shown, lead=lead)


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def _frequency(one: WordClass) -> str:
    if one.first == 0:
        return "unseen"
    return f">{one.first - 1}" if one.last is None else _range(one.first, one.last)


def kept(report: ComparisonReport) -> Markup:
    """What must be kept: a row a system, the reference as a yardstick."""
    there = [one for one in report.kept if one.wanted]
    lead = (
        "Of all placeholders, numbers and glossary terms in the source, those that the output has "
        "too. Numbers are compared by their digits. The reference shows how many a person "
        "keeps. Added: in the output but not in the source."
    )
    if not there:
        none = "The source has no placeholders and no numbers."
        return section("Placeholders, numbers, terms", tag("p", none))
    header: list[Content] = [""]
    for one in there:
        header.append((f"{one.kind.capitalize()} ", tag("small", f"of {one.wanted:,}")))
        if one.added is not None:
            header.append("Added")
    rows: list[list[Content | None]] = [["Reference", *_reference(there)]]
    for place, name in enumerate(_names(report)):
        row: list[Content | None] = [name]
        for one in there:
            row.append(_share(one.systems[place], one.wanted))
            if one.added is not None:
                row.append(f"{one.added[place]:,.0f}")
        rows.append(row)
    return section(
        "Placeholders, numbers, terms", table("Share that is kept", header, rows), lead=lead
    )


def _reference(there: Sequence[Kept]) -> list[Content | None]:
    cells: list[Content | None] = []
    for one in there:
        cells.append(_share(one.reference, one.wanted))
        if one.added is not None:
            cells.append(None)
    return cells


def _share(part: float, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def ngrams(look: CloserLook) -> Markup:
    """N-grams gained and lost from the first system to the second."""
    lead = (
        f"N-grams of the reference that {look.second} has more often than {look.first} (gained) "
        "and less often (lost), counted within their sentence. Figures: how often each of the two "
        "has it."
    )
    rows = [
        [str(one.order), f"{one.reference:,}", *(f"{each:,}" for each in one.matched),
         f"{one.matched[1] - one.matched[0]:+,}".replace("-", "−")]
        for one in look.ngrams
    ]  # fmt: skip
    header = ["n", "In the reference", look.first, look.second, "Difference"]
    parts = [table("N-grams that match the reference", header, rows)]
    parts += [_change(one, look) for one in look.ngrams]
    return section("N-grams gained and lost", *parts, lead=lead)


def _change(one: NgramChange, look: CloserLook) -> Markup:
    names = look.first, look.second
    both = [_grams("Gained", one.gained, names), _grams("Lost", one.lost, names)]
    title = "Words" if one.order == 1 else f"{one.order}-grams"
    return details(title, tag("div", both, class_="columns"), is_open=one.order == 1)


def _grams(title: str, grams: Sequence[Gram], names: tuple[str, str]) -> Markup:
    if not grams:
        return tag("p", f"{title}: none", class_="lead")
    rows = [[one.text, f"{one.first:,}", f"{one.second:,}"] for one in grams]
    return table(title, ["N-gram", *names], rows, style="plain")


def sentences(look: CloserLook, language: str) -> Markup:
    """The sentences that differ most, and others at random."""
    legend = tag(
        "p",
        [
            "In the outputs: ", tag("ins", "right, and the other system lacks it"), " · ",
            tag("mark", "not in the reference"), " · all else is right in both. "
            "Figures are sentence chrF.",
        ],
    )  # fmt: skip
    samples = look.samples
    return section(
        "Sentences",
        legend,
        tag("h3", f"The {len(samples.differing)} that differ most"),
        _listed(samples.differing, look, language),
        tag("h3", f"{len(samples.random)} at random"),
        _listed(samples.random, look, language),
    )


def _listed(samples: Sequence[Sample], look: CloserLook, language: str) -> Markup:
    return tag("ol", [_sentence(one, look, language) for one in samples], class_="sentences")


def _sentence(one: Sample, look: CloserLook, language: str) -> Markup:
    outputs = marked(one.reference, one.outputs, language)
    gain = one.scores[1] - one.scores[0]
    rows: list[tuple[Content, Content]] = [("Source", one.source), ("Reference", one.reference)]
    for name, output, value in zip((look.first, look.second), outputs, one.scores, strict=True):
        rows.append(((name, " ", tag("small", f"chrF {score(value)}")), output))
    parts = [tag("p", f"Line {one.number:,}, chrF {signed(gain)}", class_="line-number")]
    items = [part for left, right in rows for part in (tag("dt", left), tag("dd", right))]
    return tag("li", [*parts, tag("dl", items)])


def _names(report: ComparisonReport) -> tuple[str, ...]:
    return tuple(row.name for row in report.systems)
