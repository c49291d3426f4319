"""What word alignment says of a corpus: translations of words, and orders of neighbours."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from latimer.engines.rules.analysis import Token, tokenise
from latimer.engines.rules.features import UNKNOWN
from latimer.extras import require
from latimer.statistical.sentences import Sentences

Tokens = list[Token]


@dataclass
class Counts:
    """translations: how often each text was linked with a word, by word in small letters; orders:
    how often two neighbouring tags kept their order, and how often they changed it.
    """

    translations: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    swapped: Counter[tuple[str, str]] = field(default_factory=Counter)


def aligned(pairs: Sequence[tuple[str, str]]) -> list[tuple[Tokens, Tokens, list[tuple[int, int]]]]:
    """The tokens of each pair and their links, from IBM models and HMM in both directions."""
    require("numba", "statistical", "Word alignment")
    from latimer.statistical.alignment.align import align
    from latimer.statistical.alignment.settings import AlignmentSettings

    split = [(tokenise(source), tokenise(target)) for source, target in pairs]
    split = [both for both in split if both[0] and both[1]]
    (source, sources), (target, targets) = (
        _numbered([both[side] for both in split]) for side in (0, 1)
    )
    links = align(source, target, sources, targets, AlignmentSettings()).links
    return [(*both, links.pair(number)) for number, both in enumerate(split)]


def _numbered(sentences: Sequence[Tokens]) -> tuple[Sentences, int]:
    """Sentences as numbers, and how many there are; words in small letters are equal."""
    numbers: dict[str, int] = {}
    found = [
        [numbers.setdefault(word, len(numbers)) for word in words_in_small(one)]
        for one in sentences
    ]
    return Sentences.of(found), len(numbers)


def words_in_small(tokens: Sequence[Token]) -> list[str]:
    """The words, numbers and signs of a sentence in small letters."""
    return [token.text.casefold() for token in tokens]


def count(
    corpus: Sequence[tuple[Tokens, Tokens, list[tuple[int, int]]]], tags: dict[str, str]
) -> Counts:
    """The counts of an aligned corpus; a word linked with several in a row is counted with all."""
    counts = Counts()
    for source, target, links in corpus:
        by_source: dict[int, list[int]] = defaultdict(list)
        linked = Counter(there for _, there in links)
        for here, there in links:
            by_source[here].append(there)
        for here, several in by_source.items():
            first, last = min(several), max(several)
            alone = last - first == len(several) - 1 and all(linked[k] == 1 for k in several)
            if alone and source[here].kind == UNKNOWN:
                text = _text(target[first : last + 1], first == 0)
                counts.translations[source[here].text.casefold()][text] += 1
        _count_orders(source, by_source, tags, counts)
    return counts


def _count_orders(
    source: Tokens, by_source: dict[int, list[int]], tags: dict[str, str], counts: Counts
) -> None:
    for here in range(len(source) - 1):
        first, second = by_source.get(here), by_source.get(here + 1)
        kinds = source[here].kind, source[here + 1].kind
        if not first or not second or kinds != (UNKNOWN, UNKNOWN):
            continue
        pair = tags[source[here].text.casefold()], tags[source[here + 1].text.casefold()]
        if max(first) < min(second):
            counts.kept[pair] += 1
        elif max(second) < min(first):
            counts.swapped[pair] += 1


def _text(tokens: Sequence[Token], first: bool) -> str:
    """The tokens as they stand, the first of a sentence without its capital."""
    text = tokens[0].text + "".join(" " * token.space + token.text for token in tokens[1:])
    return text[:1].lower() + text[1:] if first and not text.isupper() else text
