"""Each step of a translation by rules, against examples worked by hand."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.engines.rules.analysis import tokenise
from latimer.engines.rules.features import Grammar
from latimer.engines.rules.paradigms import Cell, Paradigm
from latimer.engines.rules.patterns import parse_pattern
from latimer.engines.rules.system import RuleSystem
from latimer.text.vocabulary.placeholders import split_placeholders
from rule_folders import LEXICON, PARADIGMS, TRANSFER, write_rules


@pytest.fixture
def system(tmp_path):
    return RuleSystem(write_rules(tmp_path / "rules"))


def system_of(folder, **files):
    return RuleSystem(write_rules(folder, **files))


def translated(system, text, **options):
    return system.translate(text, **options).text


@pytest.mark.parametrize(
    ("change", "lemma", "form"),
    [
        ("", "Ordner", "Ordner"),
        ("-", "Ordner", "Ordner"),
        ("-s", "cat", "cats"),
        ("y>ies", "city", "cities"),
        ("=went", "go", "went"),
        ("ge+en>t", "machen", "gemacht"),
        ("ge+", "lesen", "gelesen"),
        ("zu +", "lesen", "zu lesen"),
        ("¨-er", "Wort", "Wörter"),
        ("¨", "Vater", "Väter"),
        ("¨-e", "Raum", "Räume"),
        ("¨o>en", "Kuhlo", "Kühlen"),
    ],
)
def test_forms_are_changes_of_the_lemma(change, lemma, form):
    assert Cell({}, change).form(lemma) == form


def test_an_ending_that_is_not_there_cannot_be_replaced():
    with pytest.raises(ValueError, match="'house' does not end in 'y'"):
        Cell({}, "y>ies").form("house")


def test_the_most_specific_cell_is_taken():
    rest, plural, both = Cell({}, "a"), Cell({"n": "pl"}, "b"), Cell({"n": "pl", "g": "f"}, "c")
    paradigm = Paradigm("x", (rest, plural, both))
    assert paradigm.best({"n": "pl", "g": "f"}) is both
    assert paradigm.best({"n": "pl", "g": "m"}) is plural
    assert paradigm.best({"n": "sg", "g": "f"}) is rest
    assert Paradigm("y", (plural,)).best({"n": "sg"}) is None


def test_tokens_are_words_numbers_punctuation_and_placeholders():
    tokens = tokenise("Don't save {n} files (3.5 %) of the user's, now!")
    assert [token.text for token in tokens] == [
        "Don't", "save", "{n}", "files", "(", "3.5", "%", ")", "of", "the", "user", "'s", ",",
        "now", "!",
    ]  # fmt: skip
    assert [token.kind for token in tokens][2:8] == [
        "slot", "unknown", "punct", "num", "punct", "punct",
    ]  # fmt: skip
    assert [token.space for token in tokens][:8] == [
        False, True, True, True, True, False, True, False,
    ]  # fmt: skip


def test_analysis_gives_lemma_tag_and_features(system):
    words = system.translate("the cities Purr").analysis
    assert [(w.reading.lemma, w.reading.tag, dict(w.reading.features)) for w in words] == [
        ("the", "det", {}),
        ("city", "noun", {"gender": "f", "number": "pl"}),
        ("Purr", "unknown", {}),
    ]


def test_lexical_transfer_gives_every_reading_its_translation(tmp_path):
    lexicon = LEXICON + "red\tnoun\tcolor rojo\tn\t\tm\n"
    system = system_of(tmp_path / "r", lexicon=lexicon)
    (word,) = system.translate("red").transferred
    assert [(one.tag, one.target.word) for one in word.readings] == [
        ("adj", "rojo"),
        ("noun", "color rojo"),
    ]


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("the house", "la casa"),
        ("the houses", "las casas"),
        ("the red cats", "los gatos rojos"),
        ("the red red cities", "las ciudads rojas rojas"),
        ("red", "rojo"),
        ("The red house. the cat!", "La casa roja. el gato!"),
        ("THE RED HOUSE", "LA CASA ROJA"),
        ("the Red house", "la casa Roja"),
        ("(the cat)", "(el gato)"),
        ("the cat,the house", "el gato,la casa"),
    ],
)
def test_agreement_order_capitals_and_spaces(system, text, translation):
    assert translated(system, text) == translation


def test_unknown_words_are_marked_or_kept(system):
    assert translated(system, "the blue cat", mark_unknown=True) == "el *blue gato"
    assert translated(system, "the blue cat") == "el blue gato"


def test_the_longest_entry_is_taken(tmp_path):
    lexicon = LEXICON + "red cat\tnoun\tgato# de fuego\tn\t\tm\n"
    system = system_of(tmp_path / "r", lexicon=lexicon)
    assert translated(system, "the red cats") == "los gatos de fuego"
    assert translated(system, "the red red cats") == "los gatos de fuego rojos"


def test_the_inflected_word_of_a_source_phrase_is_marked(tmp_path):
    lexicon = LEXICON + "cat# of fire\tnoun\tgato\tn\t\tm\n"
    system = system_of(tmp_path / "r", lexicon=lexicon)
    assert translated(system, "the cats of fire") == "los gatos"


def test_the_first_reading_counts_unless_a_context_wants_another(tmp_path):
    lexicon = LEXICON + "blue\tnoun\tazul\tn\t\tm\nblue\tadj\tazulado\ta\n"
    system = system_of(tmp_path / "r", lexicon=lexicon)
    assert translated(system, "blue") == "azul"
    assert translated(system, "blue cats") == "gatos azulados"
    assert translated(system, "the blue") == "el azul"


def test_a_reading_is_chosen_by_disambiguation(tmp_path):
    lexicon = LEXICON + "paint\tnoun\tpintura\tn\t\tf\npaint\tverb\tpintar\t-\n"
    choose = "disambiguation:\n  verb in front:\n    match: START verb det\n    choose: 1\n"
    system = system_of(tmp_path / "r", lexicon=lexicon, transfer=choose + TRANSFER)
    steps = system.translate("paint the house")
    assert steps.text == "pintar la casa"
    assert [(fired.step, fired.rule) for fired in steps.fired] == [
        ("disambiguation", "verb in front"),
        ("phrases", "noun phrase"),
    ]
    assert translated(system, "paint house") == "pintura casa"
    assert translated(system, "the house: paint the cat") == "la casa: pintar el gato"


GRAMMAR = Grammar({"pl": "number"}, {"number": "sg"}, {"a": ("number",), "b": ()})


@pytest.mark.parametrize(
    ("pattern", "sizes"),
    [
        ("det noun", [1, 1]),
        ("det? adj* noun", [1, 0, 1]),
        ("det noun|adj+ _*", [1, 3, 1]),
        ("START det noun", [1, 1]),
        ("det noun END", None),
        ("det noun adj _ _ END", [1, 1, 1, 1, 1]),
        ("noun", None),
        ("det:the noun:cat", [1, 1]),
        ("det:a noun", None),
        ("det noun.pl", [1, 1]),
        ("det noun.sg", None),
        ("_+ noun", [3, 1]),
    ],
)
def test_patterns(tmp_path, pattern, sizes):
    system = system_of(tmp_path / "r")
    nodes = system.translate("the cats red house x").transferred
    spans = parse_pattern(pattern.split(), system.grammar, set()).match(nodes, 0, system.grammar)
    assert sizes == (None if spans is None else [len(span) for span in spans])


def test_the_longest_match_wins_and_then_the_first_rule(tmp_path):
    transfer = """\
passes:
  one:
    two words: {match: det noun, output: [1, =two, 2]}
    three words: {match: det adj noun, output: [1, =three, 2, 3]}
    three again: {match: det _ noun, output: [1, =again, 2, 3]}
"""
    system = system_of(tmp_path / "r", transfer=transfer)
    assert translated(system, "the cat") == "el two gato"
    assert translated(system, "the red cat") == "el three rojo gato"
    assert translated(system, "the the cat") == "el again el gato"


def test_a_later_pass_sees_groups_and_sets_their_features(tmp_path):
    transfer = TRANSFER + "  more:\n    all many: {match: NP, set: {1: pl}}\n"
    system = system_of(tmp_path / "r", transfer=transfer)
    assert translated(system, "the red cat") == "los gatos rojos"


def test_a_word_can_be_translated_in_another_way_and_left_out(tmp_path):
    transfer = """\
passes:
  one:
    town: {match: det noun:city, translate: {2: pueblo n}, set: {2: m}, output: [2]}
"""
    system = system_of(tmp_path / "r", transfer=transfer)
    assert translated(system, "the cities") == "pueblos"


def test_particles_leave_for_the_end_of_the_clause(tmp_path):
    paradigms = PARADIGMS.replace("[inf, pp]", "[inf, pp, fin]")
    paradigms += "  v: {inf: '-', fin: en>t, pp: ge+en>t}\n"
    lexicon = LEXICON + "pick\tverb\taus|wählen\tv\t\tfin\npicked\tverb\taus|wählen\tv\t\tpp\n"
    transfer = TRANSFER + "particles:\n  with: [fin]\n  before: [punct]\n"
    system = system_of(tmp_path / "r", paradigms=paradigms, lexicon=lexicon, transfer=transfer)
    assert translated(system, "pick the cat, pick") == "wählt el gato aus, wählt aus"
    assert translated(system, "picked the cat") == "ausgewählt el gato"


def test_contractions(tmp_path):
    transfer = TRANSFER + "contractions:\n  el gato: elgato\n"
    system = system_of(tmp_path / "r", transfer=transfer)
    assert translated(system, "The cat") == "Elgato"
    assert translated(system, "the cats") == "los gatos"


PARTS = [
    "the",
    "red",
    "cats",
    "{name}",
    "%s",
    "<b>",
    "</b>",
    "x",
    ",",
    ".",
    "https://a.b/c",
    "({n})",
]


@given(st.lists(st.sampled_from(PARTS), max_size=12))
def test_placeholders_survive_in_order_of_their_words(parts):
    global _SYSTEM
    if _SYSTEM is None:
        with TemporaryDirectory() as folder:
            dropping = "    drops: {match: det slot adj, output: [3, 1]}\n"
            _SYSTEM = system_of(Path(folder) / "r", transfer=TRANSFER + dropping)
    text = " ".join(parts)
    kept = [part for part, fixed in split_placeholders(translated(_SYSTEM, text)) if fixed]
    assert sorted(kept) == sorted(part for part, fixed in split_placeholders(text) if fixed)


_SYSTEM = None
