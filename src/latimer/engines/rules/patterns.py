"""Patterns over tags, and finding them: `det? adj* noun|slot`.

An element is a tag (`noun`), one with features (`noun.pl`), one with a lemma (`verb:be`,
`verb:be.pp`) or anything (`_`); `|` separates alternatives; `?`, `*` or `+` behind them says how
often. `START` in front and `END` behind hold at the ends of a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from latimer.engines.rules.features import BUILT_IN, PUNCTUATION, Features, Grammar
from latimer.engines.rules.nodes import Group, Node, Reading, Word, head_of

START, END, ANY = "START", "END", "_"
SENTENCE_ENDS = frozenset(".!?:;…")

Spans = tuple[tuple[Node, ...], ...]
"""The nodes that each element of a pattern took."""


@dataclass(frozen=True)
class Wanted:
    """A tag, None for any, and what else is wanted of a node."""

    tag: str | None
    lemma: str | None
    features: Features

    def reading(self, reading: Reading, grammar: Grammar) -> bool:
        """Whether a reading is such."""
        if self.tag is not None and reading.tag != self.tag:
            return False
        if self.lemma is not None and reading.lemma.replace("#", "").casefold() != self.lemma:
            return False
        return self.features.items() <= grammar.complete(reading.tag, reading.features).items()

    def group(self, group: Group, grammar: Grammar) -> bool:
        """Whether a group is such; lemma and features are its head's."""
        if self.tag is not None and group.tag != self.tag:
            return False
        return replace(self, tag=None).reading(head_of(group).reading, grammar)


@dataclass(frozen=True)
class Element:
    """Alternatives, and how often they may stand one behind the other."""

    alternatives: tuple[Wanted, ...]
    least: int = 1
    most: int | None = 1

    def take(self, node: Node, grammar: Grammar, *, first: bool) -> Node | None:
        """The node read as the element wants it; None if it cannot be.

        `first` allows the first reading of a word only.
        """
        if isinstance(node, Group):
            return node if any(one.group(node, grammar) for one in self.alternatives) else None
        for place, reading in enumerate(node.readings[:1] if first else node.readings):
            if any(one.reading(reading, grammar) for one in self.alternatives):
                return replace(node, readings=(reading,)) if place else node
        return None


@dataclass(frozen=True)
class Pattern:
    """Elements in order, and whether they stand at the ends of a sentence."""

    elements: tuple[Element, ...]
    start: bool = False
    end: bool = False

    def match(self, nodes: Sequence[Node], place: int, grammar: Grammar) -> Spans | None:
        """What each element takes from `place` on, as many nodes as it can; None for no match.

        A word that is matched all alone is read as its first reading: only a context may choose
        another.
        """
        if self.start and not _starts(nodes, place):
            return None
        for spans in self._from(nodes, place, 0, grammar, first=False):
            size = sum(map(len, spans))
            if size == 1 and not self.start and not self.end:
                break
            if size:
                return spans
        for spans in self._from(nodes, place, 0, grammar, first=True):
            if sum(map(len, spans)):
                return spans
        return None

    def _from(
        self, nodes: Sequence[Node], place: int, number: int, grammar: Grammar, *, first: bool
    ) -> Iterator[Spans]:
        if number == len(self.elements):
            if not self.end or _ends(nodes, place):
                yield ()
            return
        element = self.elements[number]
        taken: list[Node] = []
        while element.most is None or len(taken) < element.most:
            at = place + len(taken)
            node = element.take(nodes[at], grammar, first=first) if at < len(nodes) else None
            if node is None:
                break
            taken.append(node)
        for size in range(len(taken), element.least - 1, -1):
            for rest in self._from(nodes, place + size, number + 1, grammar, first=first):
                yield (tuple(taken[:size]), *rest)


def parse_pattern(words: Sequence[str], grammar: Grammar, groups: set[str]) -> Pattern:
    """The pattern that is written so; raises ValueError, with the reason, for one that is wrong."""
    start, end = words[:1] == [START], words[-1:] == [END]
    inner = words[start : len(words) - end]
    if not inner:
        raise ValueError("a pattern needs an element besides START and END")
    for word in inner:
        if word in (START, END):
            raise ValueError(f"{word} can stand at the {word.lower()} of a pattern only")
    return Pattern(tuple(_element(word, grammar, groups) for word in inner), start, end)


def _element(word: str, grammar: Grammar, groups: set[str]) -> Element:
    limits: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
    least, most = 1, 1
    if len(word) > 1 and word[-1] in limits and word[-2] != ":":
        least, most = limits[word[-1]]  # type: ignore[assignment]
        word = word[:-1]
    return Element(tuple(_wanted(one, grammar, groups) for one in word.split("|")), least, most)


def _wanted(word: str, grammar: Grammar, groups: set[str]) -> Wanted:
    tag, colon, lemma = word.partition(":")
    features = ""
    if tag not in BUILT_IN:
        if colon:
            lemma, _, features = lemma.partition(".")
        else:
            tag, _, features = tag.partition(".")
    if tag != ANY and tag not in (*grammar.tags, *BUILT_IN, *groups):
        known = ", ".join([*grammar.tags, *BUILT_IN, *sorted(groups)])
        raise ValueError(f"unknown tag {tag!r}; there are {known}")
    if colon and not lemma:
        raise ValueError(f"{word!r} names no lemma behind the colon")
    return Wanted(
        None if tag == ANY else tag, lemma.casefold() if colon else None, grammar.parse(features)
    )


def _starts(nodes: Sequence[Node], place: int) -> bool:
    return place == 0 or _ends(nodes, place - 1)


def _ends(nodes: Sequence[Node], place: int) -> bool:
    """Whether a sentence is over before the node at `place`."""
    if place >= len(nodes):
        return True
    node = nodes[place]
    return isinstance(node, Word) and node.reading.tag == PUNCTUATION and node.text in SENTENCE_ENDS
