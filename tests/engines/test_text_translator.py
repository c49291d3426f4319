"""Texts through an engine that is no network: lines, long texts, duplicates, constraints."""

import pytest

from latimer.engines.engine import Output
from latimer.engines.text_translator import TextTranslator
from latimer.engines.translator import Alternative, Capabilities, Request, Translation
from latimer.errors import InputError
from latimer.model.config import Languages
from latimer.search.constraints import Constraints, LengthConstraints
from latimer.search.strategies import Beam


class Shouting:
    """Writes a segment in capitals, and backwards as a second output; counts in words."""

    longest = 2

    def __init__(self, target="de", own=None):
        self.languages = Languages(source="en", target=target)
        self.capabilities = Capabilities(alternatives=True)
        self.search = Beam(4)
        self.constraints = LengthConstraints() if own is None else own
        self.calls, self.closed = [], False

    def size(self, text):
        return len(text.split())

    def check(self, search, constraints):
        self.checked = search, constraints

    def find(self, segments, search, *, attention=False):
        self.calls.append(list(segments))
        return [
            [Output(s.constraints.prefix + s.text.upper(), -len(s.text)), Output(s.text[::-1], -99)]
            for s in segments
        ]

    def close(self):
        self.closed = True


def test_lines_parts_blanks_and_duplicates():
    engine = Shouting()
    translator = TextTranslator(engine)
    found = translator.translate(["a b. c d.\n\ne", " ", "e", "\n"])
    assert found[0] == Translation(
        "a b. c d.\n\ne", "A B. C D.\n\nE", pytest.approx(-3.0),
        [Alternative(".b a .d c\n\ne", -99)], parts=3,
    )  # fmt: skip
    assert found[1] == Translation(" ", "", 0.0)
    assert (found[2].text, found[2].parts) == ("E", 1)
    assert found[3].text == "\n"
    assert [[s.text for s in call] for call in engine.calls] == [["a b.", "c d.", "e"]]
    assert engine.checked == (Beam(4), [Constraints()])


def test_parts_of_a_language_without_spaces_are_joined_without():
    (found,) = TextTranslator(Shouting("ja")).translate(["a b. c d."])
    assert found.text == "A B.C D."


def test_each_text_has_its_own_constraints():
    engine = Shouting(own=LengthConstraints(max_length=7))
    requests = [
        Request("a b. c d.", Constraints(prefix="> ")),
        "e",
        Request("e", Constraints(max_length=9)),
    ]
    found = TextTranslator(engine).translate(requests, constraints=Constraints(min_length=2))
    assert [one.text for one in found] == ["> A B. C D.", "E", "E"]
    (segments,) = engine.calls
    assert [(s.text, s.constraints) for s in segments] == [
        ("a b.", Constraints(prefix="> ", max_length=7)),
        ("c d.", Constraints(max_length=7)),
        ("e", Constraints(min_length=2, max_length=7)),
        ("e", Constraints(max_length=9)),
    ]


def test_what_is_no_list_of_texts_is_refused():
    translator = TextTranslator(Shouting())
    with pytest.raises(InputError, match="a list of texts expected"):
        translator.translate("one text")
    with pytest.raises(InputError, match="text 2: not valid Unicode"):
        translator.translate(["a", "\udc80"])


def test_a_context_closes_the_engine():
    engine = Shouting()
    with TextTranslator(engine) as translator:
        assert translator.languages.target == "de"
        assert translator.capabilities.alternatives
        assert translator.search == Beam(4)
        assert not engine.closed
    assert engine.closed
