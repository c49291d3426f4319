"""Generated text and small files in every format; nothing here is anybody's sentence."""

import json
import zipfile
from pathlib import Path

from hypothesis import strategies as st

from latimer.formats.pair import Origin, Pair

# What XML 1.0 can hold and no reader changes: no controls, surrogates, separators, non-characters.
CHARACTERS = st.characters(
    codec="utf-8",
    exclude_categories=["Cc", "Cs", "Zl", "Zp"],
    exclude_characters="\ufeff\ufffe\uffff",
)
LINES = st.text(CHARACTERS, min_size=1, max_size=40).filter(str.strip)
LINE_PAIRS = st.lists(st.tuples(LINES, LINES), min_size=1, max_size=12)


def sentence(number: int, language: str = "") -> str:
    """A sentence that no other number has, in a made-up language."""
    digits = {"": "ba ce di fo gu ka le mi no pu", "x": "zor yst wel vim uth tro sna rok qel pif"}
    words = digits["x" if language else ""].split()
    return " ".join(words[int(digit)] for digit in f"{number:04d}")


def corpus_of(*sizes: int) -> list[Pair]:
    """Distinct pairs, so many in each group."""
    pairs, number = [], 0
    for group, size in enumerate(sizes):
        for line in range(1, size + 1):
            origin = Origin(f"file{group}", line, f"file{group}")
            pairs.append(Pair(sentence(number), sentence(number, "x"), origin))
            number += 1
    return pairs


def texts(pairs: list[Pair]) -> list[tuple[str, str]]:
    return [(pair.source, pair.target) for pair in pairs]


def write_wheel(path: Path, components: dict[str, dict[str, object]]) -> Path:
    """A wheel laid out as Home Assistant's: component -> language -> nested strings."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("homeassistant/__init__.py", "")
        for component, translations in components.items():
            for code, strings in translations.items():
                name = f"homeassistant/components/{component}/translations/{code}.json"
                archive.writestr(name, json.dumps(strings))
    return path
