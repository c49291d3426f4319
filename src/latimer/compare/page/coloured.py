"""Two outputs word by word: what each has of the reference, and what the other lacks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from latimer.compare.page.markup import Markup, tag
from latimer.metrics.corpus_scores import written_without_spaces

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


def words_of(text: str, language: str = "") -> list[str]:
    """Words, punctuation and white space, or characters; joined they are the text."""
    return list(text) if written_without_spaces(language) else _TOKEN.findall(text)


def marked(reference: str, outputs: tuple[str, str], language: str = "") -> tuple[Markup, Markup]:
    """Both outputs with their words marked.

    A word counts as right if a longest matching of output and reference pairs it with one of the
    reference (Ratcliff & Obershelp 1988). `only`: right, and the other output does not have this
    word of the reference; `wrong`: not in the reference.
    """
    wanted = words_of(reference, language)
    written = [words_of(output, language) for output in outputs]
    pairs = [_paired(words, wanted) for words in written]
    first, second = (
        _marked(words, own, set(other.values()))
        for words, own, other in zip(written, pairs, reversed(pairs), strict=True)
    )
    return first, second


def _paired(written: Sequence[str], wanted: Sequence[str]) -> dict[int, int]:
    """For each word that is right, its place in the reference; white space is left out."""
    places = [[k for k, word in enumerate(words) if not word.isspace()]
              for words in (written, wanted)]  # fmt: skip
    sides = [[words[k] for k in chosen]
             for words, chosen in zip((written, wanted), places, strict=True)]  # fmt: skip
    blocks = SequenceMatcher(None, sides[0], sides[1], autojunk=False).get_matching_blocks()
    return {
        places[0][block.a + k]: places[1][block.b + k]
        for block in blocks
        for k in range(block.size)
    }


def _marked(words: Sequence[str], own: dict[int, int], other: set[int]) -> Markup:
    """Neighbours of the same sort are marked together, with the white space between them."""
    runs: list[tuple[str, str]] = []
    for place, word in enumerate(words):
        sort = _sort(word, own.get(place), other)
        if runs and (sort == runs[-1][0] or sort == "space"):
            runs[-1] = runs[-1][0], runs[-1][1] + word
        else:
            runs.append(("" if sort == "space" else sort, word))
    parts: list[str | Markup] = []
    for sort, text in runs:
        inside = text.rstrip()
        parts.append(_run(sort, inside))
        parts.append(text[len(inside) :])
    return tag("span", parts)


def _sort(word: str, place: int | None, other: set[int]) -> str:
    if word.isspace():
        return "space"
    if place is None:
        return "wrong"
    return "" if place in other else "only"


def _run(sort: str, text: str) -> str | Markup:
    if sort == "only":
        return tag("ins", text)
    return tag("mark", text) if sort == "wrong" else text
