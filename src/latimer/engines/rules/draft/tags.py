"""Tags guessed for English words: closed classes by a list, others by ending and context."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

CLOSED: dict[str, str] = {
    word: tag
    for tag, words in {
        "det": "a an the this that these those my your his her its our their no some any each "
        "every",
        "pron": "i you he she it we they me him us them who what which",
        "modal": "can could may might must shall should will would",
        "aux": "be am is are was were been being have has had do does did",
        "prep": "about above across after against along around at before behind below beneath "
        "beside between by down during for from in inside into near of off on onto out outside "
        "over through to toward towards under until up upon via with within without",
        "conj": "and or but nor",
        "sub": "if when while because although unless whether as than",
        "adv": "not now then here there again also already always never only very too just",
    }.items()
    for word in words.split()
}
"""Words of the closed classes, and frequent adverbs."""

TAGS = ("noun", "adj", "verb", "ger", *dict.fromkeys(CLOSED.values()))
"""All tags that are guessed."""

_ENDINGS = (
    ("ly", "adv"), ("ing", "ger"), ("ed", "verb"),
    ("ous", "adj"), ("ful", "adj"), ("able", "adj"), ("ible", "adj"), ("ive", "adj"),
    ("less", "adj"), ("ical", "adj"), ("ish", "adj"),
)  # fmt: skip
_LEAST, _MUCH = 3, 0.5
_BEFORE_VERBS = ("pron", "modal")


def guess_tags(sentences: Iterable[Sequence[str]]) -> dict[str, str]:
    """A tag for each word (in small letters) of sentences.

    A word without a telling ending is a verb if half of its occurrences follow a pronoun, a modal,
    `to`, or begin the sentence with a determiner behind; an adjective if half stand between a
    determiner and a further word of the open classes; a noun otherwise.
    """
    seen: Counter[str] = Counter()
    as_verb: Counter[str] = Counter()
    as_adjective: Counter[str] = Counter()
    for words in sentences:
        for place, word in enumerate(words):
            before = words[place - 1] if place else ""
            behind = words[place + 1] if place + 1 < len(words) else ""
            seen[word] += 1
            as_verb[word] += CLOSED.get(before) in _BEFORE_VERBS or before == "to"
            as_verb[word] += not before and CLOSED.get(behind) == "det"
            as_adjective[word] += (
                CLOSED.get(before) == "det" and behind.isalpha() and behind not in CLOSED
            )
    return {word: _tag(word, seen[word], as_verb[word], as_adjective[word]) for word in seen}


def _tag(word: str, seen: int, as_verb: int, as_adjective: int) -> str:
    if word in CLOSED:
        return CLOSED[word]
    for ending, tag in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return tag
    if seen >= _LEAST and as_verb >= _MUCH * seen:
        return "verb"
    if seen >= _LEAST and as_adjective >= _MUCH * seen:
        return "adj"
    return "noun"
