"""Features and tags: what words of a rule system may be said to be.

A feature (number) has values (sg, pl), whose names are unique among all features, so that a value
alone says of which feature it is. The first value is what a word has where nothing says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from latimer.engines.rules.places import Source

Features = Mapping[str, str]
"""Values by feature."""

UNKNOWN, NUMBER, PUNCTUATION, SLOT = "unknown", "num", "punct", "slot"
BUILT_IN = (UNKNOWN, NUMBER, PUNCTUATION, SLOT)
"""Tags of what no lexicon has to hold: other words, numbers, punctuation and placeholders."""


@dataclass(frozen=True)
class Grammar:
    """The features that there are, and those that each tag has.

    values: the feature of each value; usual: the usual value of each feature; tags: the features
    that words of a tag are inflected for.
    """

    values: Mapping[str, str]
    usual: Features
    tags: Mapping[str, tuple[str, ...]]

    def parse(self, dotted: str) -> dict[str, str]:
        """The features in `sg.nom`; raises ValueError, with the reason, for unknown values."""
        found: dict[str, str] = {}
        for value in dotted.split(".") if dotted else ():
            if value not in self.values:
                raise ValueError(f"{value!r} is not a value of any feature")
            feature = self.values[value]
            if feature in found:
                raise ValueError(f"{found[feature]} and {value} are both values of {feature}")
            found[feature] = value
        return found

    def of_tag(self, tag: str) -> tuple[str, ...]:
        """The features of a tag; none of a group's."""
        return self.tags.get(tag, ())

    def complete(self, tag: str, features: Features) -> dict[str, str]:
        """The features with the usual values of those that a word of this tag lacks."""
        return {name: self.usual[name] for name in self.of_tag(tag)} | dict(features)


def read_grammar(source: Source) -> Grammar:
    """The sections `features` and `tags`; raises InputError naming file, line and key."""
    values: dict[str, str] = {}
    usual: dict[str, str] = {}
    for feature, listed in source.section("features").items():
        key = f"features.{feature}"
        for value in source.words(key, listed):
            if value in values:
                raise source.error(key, f"{value} is a value of {values[value]} already")
            if "." in value or not value:
                raise source.error(key, f"{value!r} cannot be a value: it has a full stop")
            values[value] = feature
            usual.setdefault(feature, value)
    tags: dict[str, tuple[str, ...]] = {}
    for tag, listed in source.section("tags", needed=True).items():
        key = f"tags.{tag}"
        if tag in BUILT_IN:
            raise source.error(key, "this tag is built in; choose another name")
        for feature in (names := source.words(key, listed)):
            if feature not in usual:
                raise source.error(key, f"there is no feature {feature!r}")
        tags[tag] = tuple(names)
    return Grammar(values, usual, tags)


def shown(features: Features) -> str:
    """Features as they are written: `pl.acc`."""
    return ".".join(features.values())
