"""`transfer.yaml`: what to do where a pattern is found.

Sections: `disambiguation` chooses readings; `passes` has rules, pass by pass; `contractions` and
`particles` are for generation. Positions count the elements of `match` from 1, START and END apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from latimer.engines.rules.features import Features, Grammar
from latimer.engines.rules.nodes import Target
from latimer.engines.rules.paradigms import Paradigms
from latimer.engines.rules.patterns import Pattern, parse_pattern
from latimer.engines.rules.places import Source

RULE_KEYS = ["match", "group", "head", "agree", "set", "translate", "output"]


@dataclass(frozen=True)
class Choice:
    """A rule of disambiguation: in this context the word at a position is read as it says."""

    name: str
    pattern: Pattern
    chosen: int


@dataclass(frozen=True)
class Rule:
    """A rule of transfer. Positions are counted from 0 here.

    group: tag of what comes out as one; head: the position whose features it has; agree: position
    by position that follows it; set, translate: by position; output: positions, and words put in.
    """

    name: str
    pattern: Pattern
    group: str | None
    head: int
    agree: Mapping[int, int]
    set: Mapping[int, Features]
    translate: Mapping[int, Target]
    output: tuple[int | Target, ...]


@dataclass(frozen=True)
class Transfer:
    """All of `transfer.yaml`.

    particles: the values, such as pres, with which a separable particle leaves its verb;
    particles_before: tags that it then stands in front of.
    """

    choices: tuple[Choice, ...] = ()
    passes: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    contractions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    particles: frozenset[str] = frozenset()
    particles_before: frozenset[str] = frozenset()


def read_transfer(source: Source, grammar: Grammar, paradigms: Paradigms) -> Transfer:
    """The content of `transfer.yaml`; raises InputError naming file, line and key."""
    source.check_keys("", source.content, ["disambiguation", "passes", "contractions", "particles"])
    passes = {
        name: source.mapping(f"passes.{name}", rules)
        for name, rules in source.section("passes").items()
    }
    reader = _Reader(source, grammar, paradigms, _groups(passes))
    choices = [
        reader.choice(f"disambiguation.{name}", name, rule)
        for name, rule in source.section("disambiguation").items()
    ]
    particles = source.section("particles")
    source.check_keys("particles", particles, ["with", "before"])
    leaving = source.words("particles.with", particles.get("with", []))
    for value in leaving:
        if value not in grammar.values:
            raise source.error("particles.with", f"{value!r} is not a value of any feature")
    return Transfer(
        tuple(choices),
        {
            one: tuple(
                reader.rule(f"passes.{one}.{name}", name, rule) for name, rule in rules.items()
            )
            for one, rules in passes.items()
        },
        _contractions(source),
        frozenset(leaving),
        frozenset(source.words("particles.before", particles.get("before", []))),
    )


def _groups(passes: Mapping[str, Mapping[str, Any]]) -> set[str]:
    rules = [rule for several in passes.values() for rule in several.values()]
    return {str(rule["group"]) for rule in rules if isinstance(rule, dict) and "group" in rule}


def _contractions(source: Source) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for pair, word in source.section("contractions").items():
        words = pair.casefold().split()
        if len(words) != 2 or not isinstance(word, str):
            raise source.error(f"contractions.{pair}", "two words and one expected: de el: del")
        found[words[0], words[1]] = word
    return found


class _Reader:
    """Reads rules; every complaint names the line."""

    def __init__(
        self, source: Source, grammar: Grammar, paradigms: Paradigms, groups: set[str]
    ) -> None:
        self._source, self._grammar = source, grammar
        self._paradigms, self._groups = paradigms, groups

    def choice(self, key: str, name: str, written: Any) -> Choice:
        rule = self._source.mapping(key, written)
        self._source.check_keys(key, rule, ["match", "choose"])
        pattern = self._pattern(key, rule)
        chosen = self._position(f"{key}.choose", rule.get("choose"), pattern)
        return Choice(name, pattern, chosen)

    def rule(self, key: str, name: str, written: Any) -> Rule:
        rule = self._source.mapping(key, written)
        self._source.check_keys(key, rule, RULE_KEYS)
        pattern = self._pattern(key, rule)
        count = len(pattern.elements)
        head = count - 1
        if "head" in rule:
            head = self._position(f"{key}.head", rule["head"], pattern)
        group = rule.get("group")
        if group is not None and (not isinstance(group, str) or group in self._grammar.tags):
            raise self._source.error(f"{key}.group", f"{group!r} cannot name a group")
        output = self._output(key, rule.get("output", list(range(1, count + 1))), pattern)
        if group is not None and head not in output:
            raise self._source.error(f"{key}.output", f"the head, {head + 1}, is not in it")
        return Rule(
            name, pattern, group, head,
            self._agree(key, rule, pattern),
            {p: self._features(k, v) for p, k, v in self._positions(key, "set", rule, pattern)},
            {p: self._target(k, v) for p, k, v in self._positions(key, "translate", rule, pattern)},
            output,
        )  # fmt: skip

    def _pattern(self, key: str, rule: Mapping[str, Any]) -> Pattern:
        if "match" not in rule:
            raise self._source.error(key, "match is missing")
        if not isinstance(rule["match"], str):
            raise self._source.error(f"{key}.match", "tags expected: det? adj* noun")
        try:
            return parse_pattern(rule["match"].split(), self._grammar, self._groups)
        except ValueError as error:
            raise self._source.error(f"{key}.match", str(error)) from error

    def _position(self, key: str, value: object, pattern: Pattern) -> int:
        """A position, counted from 0; it must be one of the pattern's."""
        count = len(pattern.elements)
        text = str(value)
        if not text.isdecimal() or not 1 <= int(text) <= count:
            raise self._source.error(
                key, f"there is no position {text}; the pattern has 1 to {count}"
            )
        return int(text) - 1

    def _positions(
        self, key: str, name: str, rule: Mapping[str, Any], pattern: Pattern
    ) -> list[tuple[int, str, Any]]:
        """Position, key and value of each entry of a mapping by position."""
        section = self._source.mapping(f"{key}.{name}", rule.get(name))
        return [
            (
                self._position(f"{key}.{name}.{place}", place, pattern),
                f"{key}.{name}.{place}",
                value,
            )
            for place, value in section.items()
        ]

    def _agree(self, key: str, rule: Mapping[str, Any], pattern: Pattern) -> dict[int, int]:
        found = {}
        for place, within, value in self._positions(key, "agree", rule, pattern):
            found[place] = self._position(within, value, pattern)
            if found[place] == place:
                raise self._source.error(within, "a position cannot agree with itself")
        return found

    def _features(self, key: str, value: Any) -> Features:
        try:
            return self._grammar.parse(str(value))
        except ValueError as error:
            raise self._source.error(key, str(error)) from error

    def _target(self, key: str, value: Any) -> Target:
        """`werden v-werden`: a word, perhaps of several parts, and its paradigm, perhaps `-`."""
        word, _, name = str(value).rpartition(" ")
        if not word:
            raise self._source.error(key, "a word and its paradigm expected; - for none")
        if name == "-":
            return Target(word)
        if name not in self._paradigms.target:
            raise self._source.error(key, f"unknown target paradigm {name!r}")
        return Target(word, self._paradigms.target[name])

    def _output(self, key: str, written: Any, pattern: Pattern) -> tuple[int | Target, ...]:
        output: list[int | Target] = []
        for word in self._source.words(f"{key}.output", written):
            if word.startswith("="):
                output.append(Target(word[1:]))
                continue
            place = self._position(f"{key}.output", word, pattern)
            if place in output:
                raise self._source.error(f"{key}.output", f"position {word} stands there twice")
            output.append(place)
        return tuple(output)
