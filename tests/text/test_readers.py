from collections import Counter
from pathlib import Path

import pytest

from generated import corpus_of, texts
from latimer.errors import InputError
from latimer.formats.readers import READERS, Wanted, format_suffix, languages_of_names, read_files
from latimer.text.corpus.prepare import prepare
from latimer.text.corpus.write import Format, write_lines, write_prepared

WANTED = Wanted("en", "de")


@pytest.mark.parametrize("form", ["text", "tsv"])
@pytest.mark.parametrize("gzipped", [False, True])
def test_what_is_written_can_be_read(tmp_path: Path, form: Format, gzipped: bool) -> None:
    prepared = prepare(corpus_of(*[10] * 20))
    files = write_prepared(prepared, tmp_path, "en", "de", form, gzipped)
    pairs = texts(list(read_files(files, WANTED, Counter())))
    assert pairs == texts([*prepared.train, *prepared.dev, *prepared.test])


def test_formats_may_be_mixed(tmp_path: Path) -> None:
    contents = {"a.TSV": "t\tT\n", "b.en": "p\n", "c.csv": "c,C\n", "b.de": "P\n"}
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    paths = [tmp_path / name for name in ("a.TSV", "b.en", "b.de", "c.csv")]
    pairs = texts(list(read_files(paths, WANTED, Counter())))
    assert sorted(pairs) == [("c", "C"), ("p", "P"), ("t", "T")]


def test_every_format_has_a_reader_that_names_a_missing_file(tmp_path: Path) -> None:
    for suffix in READERS:
        missing = tmp_path / f"missing{suffix}"
        with pytest.raises(InputError, match=rf"missing\{suffix}.*No such file"):
            list(read_files([missing], WANTED, Counter()))


def test_plain_text_comes_in_twos(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"b\.en: plain text comes as two files.*\.tmx"):
        read_files([tmp_path / "a.tsv", tmp_path / "b.en"], WANTED, Counter())
    with pytest.raises(InputError, match=r"give the source file first"):
        read_files([tmp_path / "a.de", tmp_path / "a.en"], WANTED, Counter())


@pytest.mark.parametrize("name", ["a.whl", "a.sdlxliff", "a.docx.gz", "a.deu", "a.xml"])
def test_an_unknown_ending_is_no_plain_text(tmp_path: Path, name: str) -> None:
    paths = [tmp_path / name, tmp_path / name]
    with pytest.raises(InputError, match=r"no ending of a format that is read; they are \.tsv"):
        read_files(paths, WANTED, Counter())


@pytest.mark.parametrize(
    ("source", "target"),
    [("a.en", "a.de"), ("a.txt", "b.txt.gz"), ("a", "b"), ("a.src", "a.tgt"), ("a.eng", "a.deu")],
)
def test_names_of_plain_text(tmp_path: Path, source: str, target: str) -> None:
    write_lines(tmp_path / source, ["p"])
    write_lines(tmp_path / target, ["P"])
    paths = [tmp_path / source, tmp_path / target]
    assert texts(list(read_files(paths, Wanted("eng", "deu"), Counter()))) == [("p", "P")]


def test_suffixes_and_languages_of_names() -> None:
    assert format_suffix(Path("a.b/Memory.TMX.gz")) == ".tmx"
    assert languages_of_names([Path("x.tsv"), Path("a.en"), Path("a.pt-br.gz")]) == ("en", "pt-br")
    assert languages_of_names([Path("a.src"), Path("a.trg")]) is None
    assert languages_of_names([Path("a.tmx")]) is None
