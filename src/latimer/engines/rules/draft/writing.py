"""A drafted rule folder: a lexicon of the likely translations, and the frequent reorderings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from latimer.engines.rules.draft.counting import Counts, aligned, count, words_in_small
from latimer.engines.rules.draft.tags import TAGS, guess_tags
from latimer.engines.rules.options import RulesConfig
from latimer.engines.rules.system import LEXICON, PARADIGMS, TRANSFER
from latimer.errors import InputError
from latimer.files import write_folder_atomically
from latimer.model.config import Languages
from latimer.model.reading import CONFIG

LEAST_LINKS, LEAST_ORDERS = 2, 20
"""How often a word must be linked, and two tags be seen as neighbours, to be drafted."""

_PARADIGMS = """\
# Drafted from text. Every form is a word of its own so far: write paradigms and give their names
# in lexicon.tsv to have one entry for all forms of a word.
features: {{}}

tags:
{tags}
source: {{}}
target: {{}}
"""
_TRANSFER = """\
# Drafted from text: neighbours that mostly change their order in translation. Write rules with
# agreement, groups and passes in their place.
passes:
  words:
{rules}"""


def draft_rules(
    pairs: Sequence[tuple[str, str]], languages: Languages, folder: Path
) -> tuple[int, int]:
    """Write a rule folder drafted from translated sentences; the numbers of entries and rules.

    Raises InputError for a text in which no word is linked twice.
    """
    corpus = aligned(pairs)
    tags = guess_tags(words_in_small(source) for source, _, _ in corpus)
    counts = count(corpus, tags)
    entries, rules = _entries(counts, tags), _rules(counts)
    if not entries:
        raise InputError("the text is too small: no word has the same translation twice")

    def fill(temporary: Path) -> None:
        config = RulesConfig(languages=languages, unknown="keep").as_json()
        (temporary / CONFIG).write_text(json.dumps(config, indent=2) + "\n", "utf-8")
        (temporary / LEXICON).write_text("\n".join(entries) + "\n", "utf-8")
        used = "".join(f"  {tag}: []\n" for tag in TAGS)
        (temporary / PARADIGMS).write_text(_PARADIGMS.format(tags=used), "utf-8")
        (temporary / TRANSFER).write_text(
            _TRANSFER.format(rules="".join(rules) or "    {}\n"), "utf-8"
        )

    write_folder_atomically(folder, fill)
    return len(entries) - 1, len(rules)


def _entries(counts: Counts, tags: dict[str, str]) -> list[str]:
    """The lines of the lexicon, frequent words first; none for a text without any."""
    lines = []
    for word, found in sorted(
        counts.translations.items(), key=lambda one: (-one[1].total(), one[0])
    ):
        text, often = min(found.items(), key=lambda one: (-one[1], one[0]))
        if often >= LEAST_LINKS and "#" not in word and "|" not in text and "\t" not in text:
            lines.append(f"{word}\t{tags[word]}\t{text}\t-")
    return ["lemma\ttag\ttranslation\tparadigm", *lines] if lines else []


def _rules(counts: Counts) -> list[str]:
    """A rule for each two tags that more often change their order than keep it."""
    rules = []
    for (first, second), often in sorted(counts.swapped.items(), key=lambda one: (-one[1], one[0])):
        if often >= LEAST_ORDERS and often > counts.kept[first, second]:
            rules.append(
                f"    {first} and {second}:   # {often} of {often + counts.kept[first, second]}\n"
                f"      match: {first} {second}\n      output: [2, 1]\n"
            )
    return rules
