"""Bad input to `latimer corpus`: one clear line, the right exit code, nothing half done."""

import gzip
import os
import resource
import subprocess
from pathlib import Path

import pytest
from command import LATIMER, TextRun
from command import latimer_in as run

from generated import corpus_of, texts

GOOD = "".join(f"{source}\t{target}\n" for source, target in texts(corpus_of(40)))

BOMB = """<?xml version="1.0"?>
<!DOCTYPE tmx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
<!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">]>
<tmx><body><tu><tuv xml:lang="en"><seg>&f;</seg></tuv></tu></body></tmx>"""


def assert_refused(
    done: TextRun | subprocess.CompletedProcess[str], *told: str, code: int = 2
) -> None:
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("latimer: ")
    assert done.stderr.count("\n") == 1
    for words in told:
        assert words in done.stderr


CASES: dict[str, tuple[dict[str, bytes], list[str], list[str]]] = {
    "unequal lengths": (
        {"a.en": b"a\nb\nc\n", "a.de": b"A\nB\n"},
        [],
        ["a.en, line 3: has no counterpart: a.en has 3 lines but a.de has 2"],
    ),
    "invalid UTF-8": (
        {"a.en": b"a\nb\n", "a.de": b"A\nB\xe4\n"},
        [],
        ["a.de, line 2, byte 2: not UTF-8 (0xe4)"],
    ),
    "NUL": ({"a.tsv": b"a\tb\nc\0\td\n"}, [], ["a.tsv, line 2, byte 2: a NUL byte"]),
    "1 MB line": (
        {"a.tsv": b"a\tb\n" + b"c" * 1_000_001 + b"\td\n"},
        [],
        ["a.tsv, line 2: longer than 1,000,000 bytes"],
    ),
    "empty": (
        {"a.en": b"", "a.de": b""},
        [],
        ["a.en, a.de: empty: no line has text in both files"],
    ),
    "untranslated": (
        {"a.po": b'msgid "a"\nmsgstr ""\n\n#, fuzzy\nmsgid "b"\nmsgstr "B"\n'},
        [],
        ["the corpus is empty", "skipped: 1 untranslated, 1 fuzzy"],
    ),
    "empty after cleaning": (
        {"a.tsv": b"same\tsame\nalso\talso\na\t\n"},
        [],
        ["no pair is left of 3 read", "2 identical (as a.tsv:1)", "--keep-identical"],
    ),
    "all too long": (
        {"a.tsv": GOOD.encode()},
        ["--max-words", "3"],
        ["no pair is left of 40", "40 too long", "--max-words"],
    ),
    "truncated gzip": (
        {"a.tsv.gz": gzip.compress(GOOD.encode())[:-20]},
        [],
        ["a.tsv.gz: damaged gzip file after line"],
    ),
    "no gzip": ({"a.tsv.gz": GOOD.encode()}, [], ["a.tsv.gz: damaged gzip file"]),
    "truncated XML": (
        {"a.tmx": b'<tmx>\n<body><tu><tuv xml:lang="en">\n<seg>a'},
        [],
        ["a.tmx, line 3, column", "truncated or malformed XML"],
    ),
    "truncated XLIFF": (
        {"a.xlf": b'<xliff version="2.0" srcLang="en" trgLang="de">\n<file id="f">'},
        [],
        ["a.xlf, line 2, column", "truncated or malformed XML"],
    ),
    "entity bomb": ({"a.tmx": BOMB.encode()}, [], ["a.tmx: declares XML entities"]),
    "external entity": (
        {"a.xliff": b'<!DOCTYPE xliff [<!ENTITY x SYSTEM "a.xliff">]>\n<xliff>&x;</xliff>'},
        [],
        ["a.xliff: declares XML entities"],
    ),
    "other language": (
        {"a.tmx": b'<tmx><body><tu><tuv xml:lang="fr"><seg>a</seg></tuv></tu></body></tmx>'},
        [],
        ["a.tmx: no unit has both en and de; there are: fr"],
    ),
    "other format": ({"a.whl": b"PK\x03\x04"}, [], ["a.whl: .whl is no ending of a format"]),
    "damaged mo": ({"a.mo": b"\xde\x12\x04\x95\0\0"}, [], ["a.mo: a damaged or foreign .mo"]),
    "columns": ({"a.tsv": b"a\tb\nc\n"}, [], ["a.tsv, line 2: has 1 of the 2 columns"]),
    "bad columns": ({"a.tsv": b"a\tb\n"}, ["--columns", "1,b"], ["--columns: '1,b'"]),
    "missing": ({}, ["missing.tmx"], ["missing.tmx: cannot be read: No such file"]),
    "plain text alone": ({"a.txt": b"a\n"}, [], ["a.txt: plain text comes as two files"]),
    "too much held out": (
        {"a.tsv": GOOD.encode()},
        ["--dev", "30"],
        ["dev (30) and test (2) would take more than half of the 40 pairs", "hold out less"],
    ),
    "infinite": ({"a.tsv": GOOD.encode()}, ["--dev", "inf"], ["dev: inf is neither"]),
    "code": ({"a.tsv": GOOD.encode()}, ["--source", "../e"], ["--source: '../e' is no language"]),
    "one language": ({"a.tsv": GOOD.encode()}, ["--source", "DE"], ["--source and --target are"]),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input(tmp_path: Path, name: str) -> None:
    contents, options, told = CASES[name]
    for file, content in contents.items():
        (tmp_path / file).write_bytes(content)
    done = run(tmp_path, "corpus", *contents, *options, "--target", "de", "--out", "out")
    assert_refused(done, *told)
    assert list((tmp_path / "out").glob("*")) == []


def test_the_target_language_is_needed(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(GOOD)
    assert_refused(run(tmp_path, "corpus", "a.tsv", "--out", "out"), "--target is needed")


def test_an_input_is_never_written_over(tmp_path: Path) -> None:
    for name in ("train.en", "train.de"):
        (tmp_path / name).write_text("precious\n")
    done = run(tmp_path, "corpus", "train.en", "train.de", "--out", ".")
    assert_refused(done, "would write over the input train.en")
    assert (tmp_path / "train.en").read_text() == "precious\n"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(GOOD)
    done = run(tmp_path, "corpus", "a.tsv", "--target", "de", "--out", "a.tsv/out")
    assert_refused(done, "--out: cannot make a.tsv/out")


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(GOOD)
    out = tmp_path / "out"
    out.mkdir()
    (out / "train.en").write_text("old\n")

    def no_more_than_100_bytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = subprocess.run(
        [LATIMER, "corpus", "a.tsv", "--target", "de", "--out", "out"], cwd=tmp_path,
        preexec_fn=no_more_than_100_bytes, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert_refused(done, "cannot write out/train.en: File too large", code=1)
    assert [path.name for path in out.iterdir()] == ["train.en"]
    assert (out / "train.en").read_text() == "old\n"


def test_a_closed_stdout_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(GOOD)
    reader, writer = os.pipe()
    os.close(reader)
    command = [LATIMER, "corpus", "a.tsv", "--target", "de", "--out", "out", "--json"]
    done = subprocess.run(
        command, cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert (tmp_path / "out" / "report.json").exists()


@pytest.mark.parametrize(("module", "file"), [("lxml", "a.tmx"), ("polib", "a.po")])
def test_a_missing_extra_says_what_to_install(tmp_path: Path, module: str, file: str) -> None:
    (tmp_path / file).write_text("")
    (tmp_path / f"{module}.py").write_text("raise ImportError('not here')\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [LATIMER, "corpus", file, "--target", "de", "--out", "out"], cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert_refused(done, f"{file}: needs {module}", "install latimer[formats]", code=1)
