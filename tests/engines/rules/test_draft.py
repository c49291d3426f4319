"""Rules drafted from aligned text."""

import command
import pytest

import latimer
from latimer.engines.rules.analysis import tokenise
from latimer.engines.rules.draft.counting import count
from latimer.engines.rules.draft.tags import guess_tags


def test_tags_are_guessed_by_list_ending_and_context():
    sentences = [
        "the quick tool works",
        "the quick menu opens slowly",
        "a quick test",
        "you save the file",
        "we save it",
        "to save is useful",
    ]
    tags = guess_tags([one.split() for one in sentences])
    expected = {
        "the": "det", "you": "pron", "quick": "adj", "slowly": "adv", "save": "verb",
        "file": "noun", "menu": "noun", "useful": "adj", "is": "aux", "to": "prep",
    }  # fmt: skip
    assert {word: tags[word] for word in expected} == expected


def test_links_are_counted_with_their_order():
    source, target = tokenise("The red house sleeps"), tokenise("La casa roja está dormida")
    tags = {"the": "det", "red": "adj", "house": "noun", "sleeps": "verb"}
    counts = count([(source, target, [(0, 0), (2, 1), (1, 2), (3, 3), (3, 4)])], tags)
    assert {word: dict(found) for word, found in counts.translations.items()} == {
        "the": {"la": 1},
        "house": {"casa": 1},
        "red": {"roja": 1},
        "sleeps": {"está dormida": 1},
    }
    assert dict(counts.swapped) == {("adj", "noun"): 1}
    assert dict(counts.kept) == {("det", "adj"): 1, ("noun", "verb"): 1}


def test_a_word_that_shares_its_links_is_not_counted():
    source, target = tokenise("log in"), tokenise("anmelden")
    counts = count([(source, target, [(0, 0), (1, 0)])], {"log": "verb", "in": "prep"})
    assert not counts.translations


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A corpus in which adjectives follow their nouns in the target."""
    folder = tmp_path_factory.mktemp("corpus")
    nouns = {"house": "casa", "table": "mesa", "door": "puerta", "street": "calle"}
    adjectives = {"red": "roja", "small": "pequeña", "old": "vieja", "new": "nueva"}
    pairs = [(f"the {n}", f"la {m}") for n, m in nouns.items()] * 3
    pairs += [
        (f"the {a} {n}", f"la {m} {b}") for n, m in nouns.items() for a, b in adjectives.items()
    ] * 3
    (folder / "train.en").write_text("".join(f"{one}\n" for one, _ in pairs))
    (folder / "train.es").write_text("".join(f"{one}\n" for _, one in pairs))
    return folder


def test_a_draft_is_a_model(corpus, tmp_path):
    pytest.importorskip("numba")
    folder = tmp_path / "drafted"
    run = command.latimer("rules", "draft", corpus, "--target", "es", "--out", folder)
    assert run.returncode == 0, run.stderr
    assert b"9 entries, 1 rules; this is a draft to edit" in run.stderr
    with latimer.load(folder) as translator:
        found = translator.translate(["The old door", "the new cat"])
    assert [one.text for one in found] == ["La puerta vieja", "la nueva cat"]


def test_texts_that_cannot_be_read_are_refused(corpus, tmp_path):
    out = tmp_path / "out"
    for arguments, message in [
        ((corpus, "--target", "de"), b"train.de is missing; name a model, a folder of"),
        ((corpus, corpus, corpus), b"name a model, a corpus folder, or a source and a target file"),
        ((tmp_path / "no",), b"train.en is missing"),
    ]:
        run = command.latimer("rules", "draft", *arguments, "--out", out)
        assert (run.returncode, message in run.stderr) == (2, True), run.stderr
    (tmp_path / "a").write_text("one\n")
    there = command.latimer("rules", "draft", corpus, "--out", corpus)
    assert b"this is there already" in there.stderr
