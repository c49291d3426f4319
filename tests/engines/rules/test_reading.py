"""Rule files that cannot be used are refused in one line that names file and line."""

import json

import command
import pytest

import latimer
from latimer.engines.rules.system import RuleSystem
from latimer.errors import InputError
from rule_folders import CONFIG, LEXICON, PARADIGMS, TRANSFER, write_rules


def rule(text):
    """`transfer.yaml` with one rule, in line 4 and after."""
    return f"passes:\n  phrases:\n    r:\n      match: det? adj* noun\n      {text}\n"


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("paradigms", "target:\n  a: {like: b}\n  b: {like: c}\n  c: {like: a}\ntags: {}\n",
         "line 4: target.c.like: a cycle among paradigms: a → b → c → a"),
        ("paradigms", "target:\n  a: {like: a}\ntags: {}\n",
         "line 2: target.a.like: a cycle among paradigms: a → a"),
        ("paradigms", "target:\n  a: {like: b}\ntags: {}\n",
         "line 2: target.a.like: there is no target paradigm 'b'"),
        ("paradigms", "tags:\n  noun: [size]\n",
         "line 2: tags.noun: there is no feature 'size'"),
        ("paradigms", "tags:\n  slot: []\n", "line 2: tags.slot: this tag is built in"),
        ("paradigms", "features:\n  a: [x]\n  b: [y, x]\ntags: {}\n",
         "line 3: features.b: x is a value of a already"),
        ("paradigms", "tags: {}\nsource:\n  n:\n    plu: -s\n",
         "line 4: source.n.plu: 'plu' is not a value of any feature"),
        ("paradigms", "features: {n: [sg, pl]}\ntags: {}\nsource:\n  n:\n    sg.pl: -s\n",
         "line 5: source.n.sg.pl: sg and pl are both values of n"),
        ("paradigms", "features: {n: [sg, pl]}\ntags: {}\nsource:\n  n:\n    sg: a>b>c\n",
         "line 5: source.n.sg: 'a>b>c' is no form; write -s, y>ies"),
        ("paradigms", "tags: {}\ndefaults: {noun: n}\n",
         "line 2: defaults.noun: there is no tag 'noun'"),
        ("paradigms", "tags: {noun: []}\ndefaults: {noun: n}\n",
         "line 2: defaults.noun: there is no source paradigm 'n'"),
        ("paradigms", "tags: {}\nrules: {}\n", "line 2: rules: there is no such key; there are f"),
        ("paradigms", "features: {}\n", "the section tags is missing"),
        ("paradigms", "tags: {}\ntags: {}\n", "line 2: not valid YAML: tags stands here twice"),
        ("paradigms", "- a\n", "sections expected"),
        ("lexicon", LEXICON + "dog\tnuon\tperro\tn\n", "line 7: unknown tag 'nuon'; paradigms"),
        ("lexicon", LEXICON + "dog\tnoun\tperro\tx\n", "line 7: unknown target paradigm 'x'"),
        ("lexicon", LEXICON + "dog\tnoun\tperro\tn\tx\n", "line 7: unknown source paradigm 'x'"),
        ("lexicon", LEXICON + "dog\tnoun\tperro\tn\t\tq\n", "line 7: 'q' is not a value of any"),
        ("lexicon", LEXICON + "# a\n\nCat\tnoun\tgata\tn\n",
         "line 9: 'Cat' as noun is there already, in line 3"),
        ("lexicon", LEXICON + "dog\tnoun\tperro\tn\tn-y\n", "line 7: 'dog' does not end in 'y'"),
        ("lexicon", LEXICON + "dog\tadj\tazul\ta\n", "line 7: 'azul' does not end in 'o'"),
        ("lexicon", LEXICON + "\tadj\tazul\n", "line 7: the lemma is missing"),
        ("lexicon", LEXICON + "a\tadj\tb\ta\t\tm\tz\n", "line 7: 7 columns, but the first line"),
        ("lexicon", "lemma\ttag\n", "line 1: the first line names the columns"),
        ("lexicon", "lemma\ttag\tword\ttranslation\tparadigm\n", "'word' is no column; columns"),
        ("lexicon", "", "no first line that names the columns lemma, tag"),
        ("transfer", rule("output: [1, 4]"),
         "line 5: passes.phrases.r.output: there is no position 4; the pattern has 1 to 3"),
        ("transfer", rule("agree: {1: 0}"), "line 5: passes.phrases.r.agree.1: there is no positi"),
        ("transfer", rule("agree: {4: 1}"), "line 5: passes.phrases.r.agree.4: there is no positi"),
        ("transfer", rule("agree: {1: 1}"), "a position cannot agree with itself"),
        ("transfer", rule("set: {9: pl}"), "there is no position 9"),
        ("transfer", rule("set: {1: dual}"), "set.1: 'dual' is not a value of any feature"),
        ("transfer", rule("translate: {1: casa}"), "a word and its paradigm expected"),
        ("transfer", rule("translate: {1: casa q}"), "unknown target paradigm 'q'"),
        ("transfer", rule("output: [1, 1]"), "position 1 stands there twice"),
        ("transfer", rule("head: 5"), "line 5: passes.phrases.r.head: there is no position 5"),
        ("transfer", rule("group: noun"), "'noun' cannot name a group"),
        ("transfer", rule("group: NP\n      output: [1]"), "the head, 3, is not in it"),
        ("transfer", rule("swap: [1]"), "line 5: passes.phrases.r.swap: there is no such key"),
        ("transfer", "passes:\n  p:\n    r: {match: det nuon}\n",
         "line 3: passes.p.r.match: unknown tag 'nuon'; there are noun, adj, det, verb, unknown"),
        ("transfer", "passes:\n  p:\n    r: {match: 'noun:'}\n", "names no lemma behind the colon"),
        ("transfer", "passes:\n  p:\n    r: {match: START}\n", "a pattern needs an element"),
        ("transfer", "passes:\n  p:\n    r: {match: det START noun}\n", "START can stand at the s"),
        ("transfer", "passes:\n  p:\n    r: {match: [det]}\n", "tags expected: det? adj* noun"),
        ("transfer", "passes:\n  p:\n    r: {output: [1]}\n", "passes.p.r: match is missing"),
        ("transfer", "disambiguation:\n  r:\n    match: det noun\n    choose: 3\n",
         "line 4: disambiguation.r.choose: there is no position 3; the pattern has 1 to 2"),
        ("transfer", "contractions:\n  el: l\n", "line 2: contractions.el: two words and one exp"),
        ("transfer", "particles:\n  with: [x]\n", "line 2: particles.with: 'x' is not a value"),
        ("transfer", "phrases: {}\n", "line 1: phrases: there is no such key; there are disambig"),
    ],
)  # fmt: skip
def test_bad_rules(tmp_path, file, content, message):
    folder = write_rules(tmp_path / "r", **{file: content})
    name = "lexicon.tsv" if file == "lexicon" else f"{file}.yaml"
    with pytest.raises(InputError) as error:
        latimer.load(folder)
    text = str(error.value)
    assert text.startswith(str(folder / name))
    assert message in text
    assert "\n" not in text


def test_missing_files_and_other_bytes(tmp_path):
    folder = write_rules(tmp_path / "r")
    for name in ("transfer.yaml", "lexicon.tsv", "paradigms.yaml"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(b"\xff\xfe")
        with pytest.raises(InputError, match=rf"{name}: not UTF-8 at byte 0"):
            latimer.load(folder)
        (folder / name).unlink()
        with pytest.raises(InputError, match=rf"{name} is missing"):
            latimer.load(folder)
        (folder / name).write_bytes(content)
    assert latimer.load(folder).translate(["the cat"])[0].text == "el gato"


def test_the_files_of_the_tests_are_read(tmp_path):
    system = RuleSystem(write_rules(tmp_path / "r", PARADIGMS, LEXICON + "# comment\n\n", TRANSFER))
    assert [entry.lemma for entry in system.entries] == ["house", "cat", "city", "red", "the"]
    assert [entry.line for entry in system.entries] == [2, 3, 4, 5, 6]


def test_unknown_words_follow_config_and_option(tmp_path):
    folder = write_rules(tmp_path / "r")
    text = ["the blue cat"]
    assert latimer.load(folder).translate(text)[0].text == "el *blue gato"
    assert latimer.load(folder, unknown="keep").translate(text)[0].text == "el blue gato"
    kept = write_rules(tmp_path / "k", unknown="keep")
    assert latimer.load(kept).translate(text)[0].text == "el blue gato"
    assert latimer.load(kept, unknown="mark").translate(text)[0].text == "el *blue gato"
    with pytest.raises(InputError, match=r"engine\.unknown is 'drop'; allowed: one of mark, keep"):
        latimer.load(kept, unknown="drop")


def test_config_is_strict(tmp_path):
    folder = write_rules(tmp_path / "r", unknwon="keep")
    with pytest.raises(InputError, match=r"config\.json: unknwon: unknown key"):
        latimer.load(folder)


def test_commands(tmp_path):
    folder = tmp_path / "mine"
    assert command.latimer("rules", "new", folder, "--target", "es").returncode == 0
    config = json.loads((folder / "config.json").read_text())
    assert config["languages"] == CONFIG["languages"]
    source = tmp_path / "text"
    source.write_text("Open the red file.\n\n{n} gnus\n")
    run = command.latimer("translate", folder, source, "--trace")
    assert run.stdout.decode() == "Abra el archivo rojo.\n\n{n} *gnus\n"
    assert b"phrases      definite phrase: el[det.def] rojo[adj]" in run.stderr
    traced = command.latimer("rules", "trace", folder, "Open the red file.")
    assert traced.stdout in run.stderr
    refused = command.latimer("translate", folder, source, "--must", "casa")
    assert (refused.returncode, refused.stderr) == (
        2,
        b"latimer: --must ['casa']: constraints.phrases is 'given'; this translator obeys no "
        b"constraints; leave it out\n",
    )
    again = command.latimer("rules", "new", folder)
    assert again.returncode == 2
    assert b"this is there already; name a new folder" in again.stderr
    absent = command.latimer("rules", "new", tmp_path / "x", "--target", "fi")
    assert b"there is no example for en-fi; there are en-de, en-es" in absent.stderr
