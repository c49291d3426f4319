"""What the steps hand on: words with their readings, and groups that patterns made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from latimer.engines.rules.features import Features, Grammar
from latimer.engines.rules.lexicon import Entry
from latimer.engines.rules.paradigms import Paradigm


@dataclass(frozen=True)
class Target:
    """What lexical transfer found for a reading: the word to be inflected, and how."""

    word: str
    paradigm: Paradigm | None = None


@dataclass(frozen=True)
class Reading:
    """One way to read a word: its lemma, tag and features; `target` after lexical transfer."""

    lemma: str
    tag: str
    features: Features
    entry: Entry | None = None
    target: Target | None = None


@dataclass(frozen=True)
class Word:
    """A word of the text, or several that the lexicon has as one; or one that a rule put in.

    place: of the first of its tokens in the text, -1 for what was put in; tokens: how many;
    space: whether white space is in front.
    """

    text: str
    place: int
    tokens: int
    space: bool
    readings: tuple[Reading, ...]

    @property
    def reading(self) -> Reading:
        """The one that counts: the first of those that are left."""
        return self.readings[0]


@dataclass(frozen=True)
class Group:
    """What a pattern made of several nodes; it has the features of its head."""

    tag: str
    members: tuple[Word | Group, ...]
    head: int


Node = Word | Group


def words_of(node: Node) -> Iterator[Word]:
    """The words of a node, in order."""
    if isinstance(node, Word):
        yield node
        return
    for member in node.members:
        yield from words_of(member)


def head_of(node: Node) -> Word:
    """The word that a node has its features from."""
    while isinstance(node, Group):
        node = node.members[node.head]
    return node


def with_features(node: Node, features: Features, grammar: Grammar) -> Node:
    """The node with other features, in its words as far as words of that tag have them.

    Groups within a group are left as they are, but for its head: a possessor keeps its case.
    """
    if isinstance(node, Group):
        members = tuple(
            with_features(one, features, grammar)
            if isinstance(one, Word) or place == node.head
            else one
            for place, one in enumerate(node.members)
        )
        return replace(node, members=members)
    own = grammar.of_tag(node.reading.tag)
    taken = {name: value for name, value in features.items() if name in own}
    reading = replace(node.reading, features={**node.reading.features, **taken})
    return replace(node, readings=(reading, *node.readings[1:]))


def with_target(node: Node, target: Target) -> Node:
    """The node whose head is translated in another way."""
    if isinstance(node, Group):
        members = list(node.members)
        members[node.head] = with_target(members[node.head], target)
        return replace(node, members=tuple(members))
    reading = replace(node.reading, target=target)
    return replace(node, readings=(reading, *node.readings[1:]))
