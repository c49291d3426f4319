"""The engine `apertium`, against a recorded conversation and, where installed, the real one."""

import json
import os
import shutil
import sys
import threading
from pathlib import Path

import command
import pytest

import latimer
from latimer.engines.apertium import modes
from latimer.engines.apertium.languages import PACKAGES, languages_of, mode_names, package_of
from latimer.engines.apertium.stream import END, from_stream, to_stream
from latimer.errors import InputError, LatimerError
from latimer.model.config import FORMAT, Languages
from latimer.search.constraints import Constraints
from latimer.search.strategies import Beam, Sampling

HERE = Path(__file__).parent
REAL = any((folder / "eng-spa.mode").exists() for folder in modes.MODES_FOLDERS)


@pytest.fixture
def replay(tmp_path, monkeypatch):
    """A folder of modes with `eng-spa`, three programs that replay what Apertium wrote."""
    monkeypatch.delenv(modes.VARIABLE, raising=False)
    recording = shutil.copy(HERE / "recording.json", tmp_path / "recording.json")
    program = tmp_path / "a program"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "replay.py"}" "$@"\n')
    program.chmod(0o755)
    folder = tmp_path / "modes"
    folder.mkdir()
    run = f"'{program}'"
    mode = f"{run} pass $2 | {run} '{recording}' $1 | {run} pass"
    (folder / "eng-spa.mode").write_text(mode, "utf-8")
    return folder


def texts_of(translator, *texts):
    return [one.text for one in translator.translate(list(texts))]


def alive(children):
    return [child.pid for child in children if Path(f"/proc/{child.pid}").exists()]


def children_of(translator):
    return translator.engine._pipeline._children


def test_a_recorded_conversation_is_told_again(replay):
    with latimer.load("apertium:en-es", modes=replay) as translator:
        assert translator.languages == Languages(source="en", target="es")
        assert texts_of(translator, "This is a test.", "", "The house is big.") == [
            "Esto es una prueba.",
            "",
            "La casa es grande.",
        ]
        assert texts_of(
            translator,
            "Delete {name} and %d files.",
            "Click <b>the red button</b> [now] ^x$ \\ / @ and wait.",
            "I have two cats. They are black.",
        ) == [
            "Elimina {name} y %d limas.",
            "Clic <b>el botón rojo</b> [ahora] ^x$ \\ / @ y espera.",
            "Tengo dos gatos. Son negros.",
        ]


def test_unknown_words_are_marked_on_request(replay):
    text = "The glimberwock sleeps."
    with latimer.load("apertium:eng-spa", modes=replay, unknown="mark") as translator:
        assert texts_of(translator, text) == ["El *glimberwock sueños."]
    with latimer.load("apertium:eng-spa", modes=replay) as translator:
        assert texts_of(translator, text) == ["El glimberwock sueños."]


@pytest.mark.parametrize(
    ("text", "stream"),
    [
        ("Save {n} files", "Save [\\{n\\}] files.[]"),
        ("a/b @ [c] ^d$ \\", "a\\/b \\@ \\[c\\] \\^d\\$ \\\\.[]"),
        ("<a href='x'>go</a>", "[\\<a href='x'\\>]go[\\<\\/a\\>].[]"),
        ("%s\0", "[%s] .[]"),
    ],
)
def test_special_characters_are_escaped_and_placeholders_are_superblanks(text, stream):
    assert to_stream(text) == stream
    assert from_stream(stream, text) == text.replace("\0", "")


def test_what_the_end_of_a_text_leaves_behind_is_mended():
    assert from_stream("Una  prueba ." + END, "A test.") == "Una prueba."
    assert from_stream("uno ." + END, "one .") == "uno ."


def test_a_lost_placeholder_is_put_back(replay):
    recording = replay.parent / "recording.json"
    answers = json.loads(recording.read_text("utf-8"))
    answers["-n"][to_stream("Open {name} now")] = "Abre ahora" + END
    answers["-n"][to_stream("Open")] = "Abre" + END
    answers["-n"][to_stream("now")] = "ahora" + END
    recording.write_text(json.dumps(answers), "utf-8")
    with latimer.load("apertium:en-es", modes=replay) as translator:
        assert texts_of(translator, "Open {name} now") == ["Abre {name} ahora"]


def test_programs_that_die_are_started_once_again(replay, capsys):
    with latimer.load("apertium:en-es", modes=replay) as translator:
        first = list(children_of(translator))
        assert texts_of(translator, "Open the window.", "crash once", "The house is big.") == [
            "Abierto la ventana.",
            "crash once",
            "La casa es grande.",
        ]
        assert alive(first) == []
    (line,) = capsys.readouterr().err.splitlines()
    assert line == ("latimer: Apertium's a program ended with code 3; they were started again")


def test_programs_that_die_twice_at_a_text_are_an_error_and_the_next_text_is_translated(replay):
    with latimer.load("apertium:en-es", modes=replay) as translator:
        with pytest.raises(
            LatimerError, match=r"ended with code 3 again, at the text 'crash'; leave it out"
        ):
            translator.translate(["Open the window.", "crash"])
        assert texts_of(translator, "The house is big.") == ["La casa es grande."]


def test_programs_that_hang_are_ended(replay, monkeypatch):
    monkeypatch.setattr("latimer.engines.apertium.pipeline._PATIENCE", 0.1)
    with latimer.load("apertium:en-es", modes=replay, timeout=1.5) as translator:
        first = list(children_of(translator))
        with pytest.raises(LatimerError, match=r"have written nothing for 1\.5 s again, .*'hang'"):
            translator.translate(["hang"])
        assert alive(first) == []


def test_closing_ends_the_programs_and_nothing_is_translated_afterwards(replay):
    translator = latimer.load("apertium:en-es", modes=replay)
    children = list(children_of(translator))
    assert len(alive(children)) == 3
    translator.close()
    translator.close()
    assert alive(children) == []
    with pytest.raises(RuntimeError, match="closed"):
        translator.translate(["The house is big."])


def test_threads_wait_for_each_other(replay):
    found = {}
    with latimer.load("apertium:en-es", modes=replay) as translator:

        def ask(k):
            found[k] = texts_of(translator, f"Number {k}", "The house is big.", f"Again {k}")

        threads = [threading.Thread(target=ask, args=(k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {k: [f"Number {k}", "La casa es grande.", f"Again {k}"] for k in range(8)}


def test_more_text_than_pipes_hold(replay):
    texts = [f"{k} " + "word " * 50 for k in range(2000)]  # 0.5 MB; a pipe holds 64 KiB
    with latimer.load("apertium:en-es", modes=replay) as translator:
        assert texts_of(translator, *texts) == [text.strip() for text in texts]


def test_settings_that_cannot_be_followed_are_refused(replay):
    with latimer.load("apertium:en-es", modes=replay) as translator:
        for search in (Beam(5), Beam(width=1, alpha=0.5), Sampling()):
            with pytest.raises(InputError, match="does not search"):
                translator.translate(["x"], search)
        for constraints in (
            Constraints(prefix="La"),
            Constraints(max_length=3),
            Constraints(phrases=["casa"]),
            Constraints(glossary={"house": "hogar"}),
        ):
            with pytest.raises(InputError, match="obeys no constraints"):
                translator.translate(["x"], constraints=constraints)
    with pytest.raises(InputError, match=r"engine\.beam is 3; there is no such setting"):
        latimer.load("apertium:en-es", modes=replay, beam=3)
    with pytest.raises(InputError, match=r"engine\.unknown is 'drop'; allowed: one of keep, mark"):
        latimer.load("apertium:en-es", modes=replay, unknown="drop")


def test_commands_take_the_name_of_a_pair_and_a_folder_that_stands_for_one(replay, tmp_path):
    source, target = tmp_path / "source.en", tmp_path / "target.es"
    source.write_text("The house is big.\n\nThe glimberwock sleeps.\n")
    target.write_text("La casa es grande.\n\nEl glimberwock sueños.\n")
    modes_there = f"engine.modes={replay}"
    run = command.latimer("translate", "apertium:en-es", source, "--set", modes_there)
    assert run.stdout.decode() == target.read_text(), run.stderr
    scored = command.latimer(
        "evaluate", "apertium:en-es", source, target, "--metrics", "ter", "--set", modes_there
    )
    assert scored.stdout.startswith(b"TER   0.00"), scored.stderr
    refused = command.latimer("translate", "apertium:en-es", source, "--beam", 5,
                              "--set", modes_there)  # fmt: skip
    assert (refused.returncode, refused.stderr) == (
        2,
        b"latimer: --beam 5: search.width is 5; this translator does not search; leave it out\n",
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    languages = {"source": "en", "target": "es"}
    config = {"format": FORMAT, "engine": "apertium", "kind": "translator",
              "languages": languages, "unknown": "mark"}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    run = command.latimer("translate", folder, source, "--set", modes_there)
    assert run.stdout.decode().splitlines()[2] == "El *glimberwock sueños.", run.stderr


def test_a_missing_pair_names_the_package_and_what_is_installed(replay, tmp_path, monkeypatch):
    with pytest.raises(
        InputError,
        match=r"^apertium:en-ca: this pair of Apertium is not installed \(installed are en-es\); "
        r"install it with `apt-get install apertium-eng-cat`$",
    ):
        latimer.load("apertium:en-ca", modes=replay)
    monkeypatch.setenv(modes.VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(
        InputError,
        match=rf"\(no pair is in {tmp_path}/nowhere\); .*`apt-get install apertium-eng-spa`$",
    ):
        latimer.load("apertium:en-es")
    with pytest.raises(InputError, match="apertium:en-ja: Debian has no Apertium for this pair"):
        latimer.load("apertium:en-ja")
    for wrong in ("en", "en-", "", "../../en-es"):
        with pytest.raises(InputError, match="name the languages as in apertium:en-es"):
            latimer.load(f"apertium:{wrong}")


def test_a_missing_program_and_a_damaged_mode_are_told(replay):
    (replay / "eng-cat.mode").write_text("no-such-program -x | cat")
    with pytest.raises(
        InputError,
        match=r"the program no-such-program is not installed; .*`apt-get install apertium-eng-cat`",
    ):
        latimer.load("apertium:en-ca", modes=replay)
    for text in ("", "cat | | cat", "cat 'x"):
        (replay / "eng-cat.mode").write_text(text)
        with pytest.raises(InputError, match=r"eng-cat\.mode: not a mode of Apertium"):
            latimer.load("apertium:en-ca", modes=replay)


def test_languages_and_packages_are_found_by_either_code():
    assert package_of("en-es") == package_of("spa-eng") == "apertium-eng-spa"
    assert package_of("gl-en") == "apertium-en-gl"
    assert package_of("en-de") is None
    assert len(PACKAGES) == 46
    assert mode_names("en-es") == ["en-es", "en-spa", "eng-es", "eng-spa"]
    assert mode_names("spa-eng_US") == ["spa-eng_US"]
    assert languages_of("spa-eng_US") == Languages(source="es", target="en")
    from_english = {"ca", "eo", "es", "eu", "gl", "hbs", "is", "mk"}
    assert {code for code in from_english if package_of(f"en-{code}")} == from_english


@pytest.mark.skipif(not REAL, reason="the Debian package apertium-eng-spa is not installed")
def test_the_real_apertium(capsys):
    texts = [*json.loads((HERE / "recording.json").read_text("utf-8"))["-n"]]
    texts = [from_stream(text, text) for text in texts]
    with latimer.load("apertium:en-es", unknown="mark") as translator:
        children = list(children_of(translator))
        together = texts_of(translator, *texts)
        assert together[2] == "La casa es grande."
        assert "*glimberwock" in " ".join(together)
        for text, found in zip(texts, together, strict=True):
            for placeholder in ("{name}", "%d", "<b>", "</b>", "https://example.org/a?b="):
                assert text.count(placeholder) == found.count(placeholder)
        os.kill(children[4].pid, 9)
        assert texts_of(translator, *texts) == together
        assert capsys.readouterr().err.startswith("latimer: Apertium's ")
        assert alive(children) == []
