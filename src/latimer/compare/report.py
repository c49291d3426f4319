"""The whole comparison as one value, which the terminal, JSON and the page show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from latimer.compare.kept import Kept, kept
from latimer.compare.lengths import LengthClass, by_length
from latimer.compare.ngrams import NgramChange, changes
from latimer.compare.pairs import PairDifference, differences
from latimer.compare.samples import Samples, choose
from latimer.compare.scores import SystemRow, rows
from latimer.compare.statistics import Draws, count
from latimer.compare.translated import Translated, check_system
from latimer.compare.words import Training, WordClass, by_frequency
from latimer.errors import InputError
from latimer.metrics.corpus_scores import check_metrics
from latimer.metrics.significance import LEVEL
from latimer.model.config import Languages
from latimer.text.glossary import Glossary
from latimer.text.language import matches

METRICS = ("bleu", "chrf")


@dataclass(frozen=True)
class Question:
    """What is asked of a comparison.

    metrics: names of `latimer.metrics.corpus_scores.METRICS`, BLEU among them; languages: codes
    where the systems do not know them; pair: names of the two systems whose n-grams and sentences
    are shown, by default the first two; training: the words of the training text; glossary: terms
    to keep.
    """

    metrics: tuple[str, ...] = METRICS
    draws: Draws = field(default_factory=Draws)
    languages: Languages = field(default_factory=Languages)
    pair: tuple[str, str] | None = None
    training: Training | None = None
    glossary: Glossary | None = None


@dataclass(frozen=True)
class CloserLook:
    """Two systems in detail; of a group its first member."""

    first: str
    second: str
    ngrams: tuple[NgramChange, ...]
    samples: Samples


@dataclass(frozen=True)
class ComparisonReport:
    """Everything that a comparison found.

    signatures: sacreBLEU's description of each metric; training: the name of the training text
    whose words were counted; words: None without it; closer: None with a single system; notes:
    what a reader must know of the figures.
    """

    sentences: int
    languages: Languages
    signatures: dict[str, str]
    draws: Draws
    systems: tuple[SystemRow, ...]
    pairs: tuple[PairDifference, ...]
    lengths: tuple[LengthClass, ...]
    training: str | None
    words: tuple[WordClass, ...] | None
    kept: tuple[Kept, ...]
    closer: CloserLook | None
    notes: tuple[str, ...]


def compare(
    sources: Sequence[str],
    references: Sequence[str],
    systems: Sequence[Translated],
    question: Question | None = None,
) -> ComparisonReport:
    """Compare the outputs of systems on a test set, one reference a sentence.

    Raises InputError for texts of unequal length, an empty test set, a system without output,
    systems of different languages, an unknown metric, and a pair that is not there.
    """
    question = question or Question()
    _check(sources, references, systems, question)
    languages = common_languages(systems, question.languages)
    target = languages.target
    statistics = count(systems, references, question.metrics, target, question.draws)
    names = [system.name for system in systems]
    training = question.training
    words = None
    if training is not None:
        words = tuple(by_frequency(systems, references, training.counts, target))
    return ComparisonReport(
        len(sources),
        languages,
        statistics.signatures,
        question.draws,
        tuple(rows(systems, references, statistics, target)),
        tuple(differences(statistics, names)),
        tuple(by_length(sources, statistics, languages.source)),
        training.name if training else None,
        words,
        tuple(kept(sources, references, systems, question.glossary)),
        _closer(sources, references, systems, question, target),
        tuple(_notes(systems, question.draws, target)),
    )


def common_languages(systems: Sequence[Translated], given: Languages) -> Languages:
    """The languages of all systems; those `given` come first where systems do not know them.

    Raises InputError naming two systems whose languages differ.
    """
    codes = {}
    for side, verb, option in (("source", "from", "--from"), ("target", "into", "--to")):
        wanted = getattr(given, side)
        known = [(f"{option} is {wanted}", wanted)] if wanted else []
        for system in systems:
            for member in system.members:
                code = getattr(member.languages, side)
                told = f"{system.name} translates {verb} {code}"
                if code and known and not matches(code, known[0][1]):
                    raise InputError(
                        f"{known[0][0]}, but {told}; compare systems of the same languages"
                    )
                known += [(told, code)] if code else []
        codes[side] = known[0][1] if known else ""
    return Languages(**codes)


def _check(
    sources: Sequence[str],
    references: Sequence[str],
    systems: Sequence[Translated],
    question: Question,
) -> None:
    check_metrics(question.metrics)
    if "bleu" not in question.metrics:
        raise InputError("metrics: bleu is missing; comparisons need it")
    if not sources or len(sources) != len(references):
        raise InputError(
            f"{len(sources)} sources but {len(references)} references; as many of both are needed"
        )
    if not systems:
        raise InputError("no system to compare")
    for name, times in (("samples", question.draws.samples), ("trials", question.draws.trials)):
        if times < 1:
            raise InputError(f"{name} is {times}; at least 1 is needed")
    for system in systems:
        for member in system.members:
            if len(member.lines) != len(sources):
                raise InputError(
                    f"{system.name} has {len(member.lines):,} lines but the source has "
                    f"{len(sources):,}"
                )
        check_system(system)


def chosen_pair(names: Sequence[str], pair: tuple[str, str] | None) -> tuple[int, int] | None:
    """The places of the two systems to look at closely; None with a single system.

    Raises InputError for a name that is not there, and for one system twice.
    """
    if pair is None:
        return (0, 1) if len(names) > 1 else None
    for name in pair:
        if name not in names:
            raise InputError(f"--pair: no system {name!r}; there are {', '.join(names)}")
    if pair[0] == pair[1]:
        raise InputError(f"--pair: {pair[0]!r} twice; two systems are needed")
    return names.index(pair[0]), names.index(pair[1])


def _closer(
    sources: Sequence[str],
    references: Sequence[str],
    systems: Sequence[Translated],
    question: Question,
    language: str,
) -> CloserLook | None:
    places = chosen_pair([system.name for system in systems], question.pair)
    if places is None:
        return None
    first, second = (systems[place] for place in places)
    outputs = first.members[0].lines, second.members[0].lines
    return CloserLook(
        first.name,
        second.name,
        tuple(changes(*outputs, references, language)),
        choose(sources, references, *outputs, question.draws.seed),
    )


def _notes(systems: Sequence[Translated], draws: Draws, language: str) -> list[str]:
    notes = [
        "Intervals and p-values come from drawing test sentences. They leave out the variance of "
        "training: the same recipe with another seed makes another system. Compare groups of seeds "
        "(NAME=A,B,C) before you call a recipe better."
    ]
    if any(len(system.members) > 1 for system in systems):
        notes.append(
            "A group is scored by the mean of its members, also in every draw, and the range is "
            "that of its members. Its p-values speak of these members, not of further seeds. "
            "N-grams and sentences are those of its first member."
        )
    if not language:
        notes.append(
            "The target language is not known, so BLEU's tokeniser is 13a; name the language with "
            "--to if it is written without spaces."
        )
    pairs = len(systems) * (len(systems) - 1) // 2
    for test, draw, option in (
        ("randomisation", draws.trials, "--trials"),
        ("the bootstrap", draws.samples, "--samples"),
    ):
        if pairs and pairs / (draw + 1) >= LEVEL:
            needed = -(-pairs * 1000 // round(1000 * LEVEL))
            notes.append(
                f"With {pairs} pairs, {draw:,} draws of {test} are too few for a corrected "
                f"p below {LEVEL}; {option} {needed} or more would do."
            )
    return notes
