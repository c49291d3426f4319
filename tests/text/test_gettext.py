"""`.po` and `.mo`, written by polib."""

import contextlib
import gzip
from collections import Counter
from pathlib import Path

import polib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated import LINES
from latimer.errors import InputError
from latimer.formats.mo import read_mo
from latimer.formats.pair import Origin
from latimer.formats.po import plural_pairs, read_po

CZECH = "nplurals=3; plural=(n==1) ? 0 : (n>=2 && n<=4) ? 1 : 2;"
ENTRIES = st.lists(st.tuples(LINES, LINES), max_size=10, unique_by=lambda entry: entry[0])


def catalogue(*entries: polib.POEntry, forms: str = "") -> polib.POFile:
    po = polib.POFile()
    po.metadata = {"Content-Type": "text/plain; charset=UTF-8"}
    if forms:
        po.metadata["Plural-Forms"] = forms
    po.extend(entries)
    return po


@given(ENTRIES)
def test_entries_come_back(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("po")
    po = catalogue(*(polib.POEntry(msgid=source, msgstr=target) for source, target in entries))
    po.save(str(folder / "a.po"))
    po.save_as_mofile(str(folder / "a.mo"))
    assert [pair[:2] for pair in read_po(folder / "a.po")] == entries
    assert sorted(pair[:2] for pair in read_mo(folder / "a.mo")) == sorted(entries)


def test_multi_line_strings_and_escapes(tmp_path: Path) -> None:
    path = tmp_path / "a.po"
    path.write_text('msgid ""\n"one\\n"\n"\\"two\\"\\t"\nmsgstr "x\\\\y"\n')
    assert [pair[:2] for pair in read_po(path)] == [('one\n"two"\t', "x\\y")]


def test_only_newlines_end_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.po"
    path.write_text('msgid "a\u2028b\x0cc"\nmsgstr "d\x85e"\n', encoding="utf-8")
    assert [pair[:2] for pair in read_po(path)] == [("a b c", "d e")]


def test_unfinished_entries_are_skipped_and_counted(tmp_path: Path) -> None:
    po = catalogue(
        polib.POEntry(msgid="a", msgstr="A"),
        polib.POEntry(msgid="b", msgstr="B", flags=["fuzzy"]),
        polib.POEntry(msgid="c", msgstr=""),
        polib.POEntry(msgid="d", msgstr="D", obsolete=True),
        polib.POEntry(msgid="e", msgid_plural="es", msgstr_plural={0: "E", 1: ""}),
        polib.POEntry(msgid="f", msgstr="F", msgctxt="menu"),
    )
    po.save(str(tmp_path / "a.po"))
    po.save_as_mofile(str(tmp_path / "a.mo"))
    skipped: Counter[str] = Counter()
    pairs = list(read_po(tmp_path / "a.po", skipped))
    assert [pair[:2] for pair in pairs] == [("a", "A"), ("f", "F")]
    assert skipped == {"fuzzy": 1, "untranslated": 2, "obsolete": 1}
    assert ("f", "F") in [pair[:2] for pair in read_mo(tmp_path / "a.mo")]


def test_the_line_is_where_the_entry_begins(tmp_path: Path) -> None:
    path = tmp_path / "a.po"
    path.write_text('msgid ""\nmsgstr ""\n\n# note\nmsgid "a"\nmsgstr "A"\n')
    assert [str(pair.origin) for pair in read_po(path)] == [f"{path}:4"]


@pytest.mark.parametrize("read", ["po", "mo"])
def test_plurals(tmp_path: Path, read: str) -> None:
    forms = {0: "soubor", 1: "soubory", 2: "souboru"}
    entry = polib.POEntry(msgid="file", msgid_plural="files", msgstr_plural=forms)
    po = catalogue(entry, forms=CZECH)
    po.save(str(tmp_path / "a.po"))
    po.save_as_mofile(str(tmp_path / "a.mo"))
    pairs = read_po(tmp_path / "a.po") if read == "po" else read_mo(tmp_path / "a.mo")
    assert [pair[:2] for pair in pairs] == [("file", "soubor"), ("files", "souboru")]


@pytest.mark.parametrize(
    ("forms", "translations", "chosen"),
    [
        ("nplurals=1; plural=0;", "a", "aa"),
        ("nplurals=2; plural=(n != 1);", "ab", "ab"),
        ("nplurals=4; plural=n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 ? 2 : 3;", "abcd", "ad"),
        # Arabic: form 0 is for none, form 1 for one.
        ("plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n<11 ? 3 : n<100 ? 4 : 5", "abcdef", "bf"),
        ("", "abc", "ac"),
        ("nplurals=2; plural=__import__('os');", "ab", "ab"),
        ("nplurals=2; plural=1/0;", "ab", "ab"),
        ("nplurals=9; plural=8;", "ab", "bb"),
    ],
)
def test_plural_forms(forms: str, translations: str, chosen: str) -> None:
    pairs = plural_pairs("one", "many", list(translations), forms, Origin("f"))
    assert [pair[:2] for pair in pairs] == [("one", chosen[0]), ("many", chosen[1])]


@given(st.text('msgidtrplu "\\n[01]#~,fz\n', max_size=60))
def test_a_foreign_po_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("po") / "a.po"
    path.write_text(text, newline="")
    with contextlib.suppress(InputError):
        list(read_po(path))


@given(st.data())
def test_a_damaged_mo_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("mo") / "a.mo"
    whole = catalogue(polib.POEntry(msgid="a", msgstr="ä"), forms=CZECH).to_binary()
    damaged = bytearray(whole)
    damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(InputError):
        list(read_mo(path))


def test_a_truncated_mo_is_refused(tmp_path: Path) -> None:
    whole = catalogue(polib.POEntry(msgid="a", msgstr="b")).to_binary()
    for length in range(len(whole)):
        (tmp_path / "a.mo").write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"a\.mo: a damaged or foreign \.mo file"):
            list(read_mo(tmp_path / "a.mo"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'msgid "a\nmsgstr "b"\n', r"a\.po, line 1: not a proper PO line"),
        (b'msgid "a"\nmsgstr "b\\"\n', r"a\.po, line 2: not a proper PO line"),
        (b'msgid "a"\nmsgstr ""\n"b', r"a\.po, line 3: not a proper PO line"),
        (b'msgid "a"\nmsgstr "\xe4"\n', r"a\.po, line 2, byte 9: not UTF-8 \(0xe4\)"),
        (b"just text\n", r"a\.po: not a proper PO file"),
    ],
)
def test_bad_po(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.po").write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read_po(tmp_path / "a.po"))


def test_compressed_files_are_read_whatever_the_case_of_their_names(tmp_path: Path) -> None:
    po = catalogue(polib.POEntry(msgid="a", msgstr="ä"))
    packed = gzip.compress(po.to_binary())
    (tmp_path / "a.mo.gz").write_bytes(packed)
    (tmp_path / "a.po.GZ").write_bytes(gzip.compress(str(po).encode()))
    assert [pair[:2] for pair in read_mo(tmp_path / "a.mo.gz")] == [("a", "ä")]
    assert [pair[:2] for pair in read_po(tmp_path / "a.po.GZ")] == [("a", "ä")]
    (tmp_path / "a.mo.gz").write_bytes(packed[:-9])
    with pytest.raises(InputError, match=r"a\.mo\.gz: damaged gzip file"):
        list(read_mo(tmp_path / "a.mo.gz"))
