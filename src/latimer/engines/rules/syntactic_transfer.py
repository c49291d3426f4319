"""Syntactic transfer: readings chosen by context, then passes of rules, the longest match first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from latimer.engines.rules.features import SLOT, Grammar
from latimer.engines.rules.nodes import (
    Group,
    Node,
    Reading,
    Target,
    Word,
    head_of,
    with_features,
    with_target,
    words_of,
)
from latimer.engines.rules.patterns import Spans
from latimer.engines.rules.transfer_rules import Choice, Rule


@dataclass(frozen=True)
class Fired:
    """A rule that was applied: its pass, its name, what it took and what it gave."""

    step: str
    rule: str
    before: tuple[Node, ...]
    after: tuple[Node, ...]


def disambiguate(
    words: Sequence[Word], choices: Sequence[Choice], grammar: Grammar
) -> tuple[list[Word], list[Fired]]:
    """The words with the readings that contexts leave; the first rule that fits a word counts.

    Each rule is tried at every place, in the order of the file.
    """
    found = list(words)
    fired: list[Fired] = []
    settled: set[int] = set()
    for choice in choices:
        for place in range(len(found)):
            spans = choice.pattern.match(found, place, grammar)
            if spans is None:
                continue
            first = place + sum(map(len, spans[: choice.chosen]))
            for at, node in enumerate(spans[choice.chosen], first):
                before = found[at]
                if at in settled or len(before.readings) < 2 or not isinstance(node, Word):
                    continue
                found[at] = replace(node, readings=node.readings[:1])
                settled.add(at)
                fired.append(Fired("disambiguation", choice.name, (before,), (found[at],)))
    return found, fired


def apply_rules(
    nodes: Sequence[Node], step: str, rules: Sequence[Rule], grammar: Grammar
) -> tuple[list[Node], list[Fired]]:
    """One pass from left to right: at each place the rule with the longest match, or none."""
    found: list[Node] = []
    fired: list[Fired] = []
    place = 0
    while place < len(nodes):
        rule, spans = _longest(nodes, place, rules, grammar)
        if rule is None:
            found.append(nodes[place])
            place += 1
            continue
        taken = tuple(node for span in spans for node in span)
        given = apply_rule(rule, spans, grammar)
        fired.append(Fired(step, rule.name, taken, tuple(given)))
        found += given
        place += len(taken)
    return found, fired


def _longest(
    nodes: Sequence[Node], place: int, rules: Sequence[Rule], grammar: Grammar
) -> tuple[Rule | None, Spans]:
    """Of equally long matches that of the rule that stands first in the file."""
    best: tuple[Rule | None, Spans] = None, ()
    longest = 0
    for rule in rules:
        spans = rule.pattern.match(nodes, place, grammar)
        if spans is not None and (size := sum(map(len, spans))) > longest:
            best, longest = (rule, spans), size
    return best


def apply_rule(rule: Rule, spans: Spans, grammar: Grammar) -> list[Node]:
    """The nodes that a rule makes of what its pattern took."""
    parts = [list(span) for span in spans]
    for place, features in rule.set.items():
        parts[place] = [with_features(node, features, grammar) for node in parts[place]]
    for place, giver in rule.agree.items():
        if parts[giver]:
            head = head_of(parts[giver][-1]).reading
            features = grammar.complete(head.tag, head.features)
            parts[place] = [with_features(node, features, grammar) for node in parts[place]]
    for place, target in rule.translate.items():
        parts[place] = [with_target(node, target) for node in parts[place]]
    output: list[Node] = []
    head_at = 0
    for item in rule.output:
        if isinstance(item, Target):
            output.append(_put_in(item))
            continue
        output += parts[item]
        if item == rule.head:
            head_at = max(len(output) - 1, 0)
    output += _lost_placeholders(parts, rule)
    if rule.group is None or not output:
        return output
    return [Group(rule.group, tuple(output), head_at)]


def _put_in(target: Target) -> Word:
    return Word("", -1, 0, True, (Reading(target.word, "", {}, None, target),))


def _lost_placeholders(parts: Sequence[Sequence[Node]], rule: Rule) -> list[Node]:
    """Placeholders in what the output leaves out: they are never lost."""
    return [
        word
        for place, part in enumerate(parts)
        if place not in rule.output
        for node in part
        for word in words_of(node)
        if word.reading.tag == SLOT
    ]
