"""TMX and XLIFF, written by lxml."""

import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from lxml.builder import E

from generated import LINE_PAIRS
from latimer.errors import InputError
from latimer.formats.pair import Pair
from latimer.formats.tmx import read_tmx
from latimer.formats.xliff import read_xliff

LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def save(path: Path, root: etree._Element, encoding: str = "UTF-8") -> Path:
    data = etree.tostring(root, xml_declaration=True, encoding=encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def tmx(*units: dict[str, str]) -> etree._Element:
    return E.tmx(
        E.header(),
        E.body(*(E.tu(*(E.tuv(E.seg(t), {LANG: c}) for c, t in u.items())) for u in units)),
    )


def xliff1(*units: etree._Element, **attributes: str) -> etree._Element:
    file = E.file(E.header(), E.body(*units), {"source-language": "en", "original": "a.html"})
    file.attrib.update({key.replace("_", "-"): value for key, value in attributes.items()})
    return E.xliff(file, {"version": "1.2", "xmlns": "urn:oasis:names:tc:xliff:document:1.2"})


def xliff2(*units: etree._Element) -> etree._Element:
    languages = {"version": "2.0", "srcLang": "en", "trgLang": "de-DE"}
    namespace = {"xmlns": "urn:oasis:names:tc:xliff:document:2.0"}
    return E.xliff(E.file(*units, {"id": "f1"}), languages | namespace)


def texts(pairs: Iterator[Pair]) -> list[tuple[str, str]]:
    return [pair[:2] for pair in pairs]


@given(LINE_PAIRS, st.sampled_from(["UTF-8", "UTF-16"]), st.sampled_from(["", ".gz"]))
def test_all_formats_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], code: str, end: str
) -> None:
    folder = tmp_path_factory.mktemp("xml")
    path = save(folder / f"a.tmx{end}", tmx(*({"en": a, "de": b} for a, b in rows)), code)
    assert texts(read_tmx(path, "en", "de")) == rows
    units = [E("trans-unit", E.source(a), E.target(b)) for a, b in rows]
    assert texts(read_xliff(save(path, xliff1(*units), code), "en", "de")) == rows
    segments = [E.segment(E.source(a), E.target(b)) for a, b in rows]
    one_unit = xliff2(E.unit(*segments))
    assert texts(read_xliff(save(path, one_unit, code), "en", "de")) == rows


def test_tmx_languages_are_matched_leniently(tmp_path: Path) -> None:
    units = [
        {"en-US": "one", "de": "eins", "fr": "un"},
        {"EN_us": "two", "de-CH": "zwo", "de-DE": "zwei"},
        {"eng": "no", "fr": "trois"},
    ]
    path = save(tmp_path / "a.tmx", tmx(*units))
    skipped: Counter[str] = Counter()
    assert texts(read_tmx(path, "en", "de-DE", skipped)) == [("one", "eins"), ("two", "zwei")]
    assert skipped == {"untranslated": 1}
    with pytest.raises(
        InputError,
        match=r"has both en and nl; there are: EN_us, .*name the source and the target language",
    ):
        list(read_tmx(path, "en", "nl"))


def test_tmx_inline_elements_and_old_lang_attribute(tmp_path: Path) -> None:
    path = tmp_path / "a.tmx"
    path.write_text(
        """<?xml version="1.0"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.1"><body>
<tu><tuv lang="EN"><seg>a <bpt i="1">&lt;b&gt;</bpt>bold<ept i="1">&lt;/b&gt;</ept> <hi>word</hi>
</seg></tuv><tuv lang="DE"><seg>ein <ph x="2"/><!-- note --> Wort</seg></tuv></tu>
</body></tmx>"""
    )
    (pair,) = read_tmx(path, "en", "de")
    assert pair[:2] == ("a <b>bold</b> word\n", 'ein <ph x="2"/> Wort')
    assert str(pair.origin) == f"{path}:4"


def test_xliff_1_skips_what_is_not_finished(tmp_path: Path) -> None:
    path = tmp_path / "a.xlf"
    rows: list[tuple[dict[str, str], dict[str, str] | None]] = [
        ({}, {}),
        ({}, {"state": "final"}),
        ({"approved": "yes"}, {"state": "translated"}),
        ({"approved": "no"}, {}),
        ({}, {"state": "new"}),
        ({}, {"state": "needs-translation"}),
        ({"translate": "no"}, {}),
        ({}, None),
    ]
    units = [
        E("trans-unit", E.source(f"s{k}"), *([] if t is None else [E.target(f"t{k}", t)]), u)
        for k, (u, t) in enumerate(rows)
    ]
    skipped: Counter[str] = Counter()
    pairs = list(read_xliff(save(path, xliff1(*units)), "en", "de", skipped))
    assert [pair[:2] for pair in pairs] == [("s0", "t0"), ("s1", "t1"), ("s2", "t2")]
    assert skipped == {"unfinished": 3, "not to be translated": 1, "untranslated": 1}
    assert {pair.origin.group for pair in pairs} == {f"{path}#a.html"}


def test_xliff_2_skips_what_is_not_finished(tmp_path: Path) -> None:
    unit = E.unit(
        E.segment(E.source("s0"), E.target("t0")),
        E.ignorable(E.source(" ")),
        E.segment(E.source("s1"), E.target("t1"), state="initial"),
        E.segment(E.source("s2"), E.target("t2"), state="reviewed"),
        E.segment(E.source("s3"), E.target(" ")),
        E.segment(E.source("s4")),
    )
    skipped: Counter[str] = Counter()
    path = save(tmp_path / "a.xlf", xliff2(unit, E.group(E.unit(E.segment(E.source("s5"))))))
    assert texts(read_xliff(path, "en", "de", skipped)) == [("s0", "t0"), ("s2", "t2")]
    assert skipped == {"unfinished": 1, "untranslated": 3}


def test_xliff_inline_elements_stay_as_tags(tmp_path: Path) -> None:
    source = E.source("a ", E.g("b", id="1"), E.x(id="2", ctype="image"), " ", E.mrk("c"))
    target = E.target(E.pc("d", id="1"), " ", E.ph(id="2"), E.cp(hex="0009"), E.sc(id="3"))
    nested = E("alt-trans", E.source("no"), E.target("no"))
    path = save(tmp_path / "a.xlf", xliff1(E("trans-unit", nested, source, target)))
    assert texts(read_xliff(path, "en", "de")) == [
        ('a <g id="1">b</g><x id="2"/> c', '<pc id="1">d</pc> <ph id="2"/>\t<sc id="3"/>')
    ]


def test_xliff_in_other_languages_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlf", xliff1(target_language="fr-FR"))
    with pytest.raises(
        InputError,
        match=r"a\.xlf, line 2: has fr-FR where de is wanted; choose fr-FR as the target language",
    ):
        list(read_xliff(path, "en", "de"))
    path = save(tmp_path / "b.xlf", xliff2())
    with pytest.raises(InputError, match=r"has en where sv is wanted; choose en as the source l"):
        list(read_xliff(path, "sv", "de"))


BOMB = """<?xml version="1.0"?>
<!DOCTYPE tmx [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>
<tmx><body><tu><tuv lang="en"><seg>&d;</seg></tuv></tu></body></tmx>"""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB, r"a\.tmx: declares XML entities, which are refused"),
        ('<!DOCTYPE tmx [<!ENTITY a SYSTEM "file:///etc/hostname">]><tmx>&a;</tmx>', r"entities"),
        ('<!DOCTYPE tmx [<!ENTITY % a "b">]><tmx/>', r"declares XML entities"),
        ("<tmx>\n<body>\n<tu>", r"a\.tmx, line 3, column \d+: truncated or malformed XML"),
        ("<tmx>\n</body></tmx>", r"a\.tmx, line 2, .*malformed XML"),
        ("<tmx>\n&what;</tmx>", r"a\.tmx, line 2, .*what"),
        ("", r"a\.tmx: truncated or malformed XML"),
        ("<html></html>", r"a\.tmx, line 1: the root is <html>, not <tmx>"),
    ],
)
def test_bad_xml(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.tmx").write_text(content)
    with pytest.raises(InputError, match=message):
        list(read_tmx(tmp_path / "a.tmx", "en", "de"))


def test_invalid_utf8_and_nul_in_xml(tmp_path: Path) -> None:
    path = tmp_path / "a.tmx"
    for byte in (b"\xff", b"\0"):
        path.write_bytes(b"<tmx>\n<body>" + byte + b"</body></tmx>")
        with pytest.raises(InputError, match=r"a\.tmx, line 2, column \d+: "):
            list(read_tmx(path, "en", "de"))


def test_truncated_gzip(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tmx.gz", tmx({"en": "a", "de": "b"}))
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError, match=r"a\.tmx\.gz: damaged gzip file"):
        list(read_tmx(path, "en", "de"))


def test_truncation_at_any_byte_is_noticed(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tmx", tmx({"en": "a", "de": "b"}))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"a\.tmx"):
            list(read_tmx(path, "en", "de"))


def test_memory_stays_small_while_a_large_file_streams(tmp_path: Path) -> None:
    path = tmp_path / "a.tmx"
    unit = '<tu><tuv lang="en"><seg>{}</seg></tuv><tuv lang="de"><seg>x</seg></tuv></tu>\n'
    path.write_text(f"<tmx><body>{''.join(unit.format(k) for k in range(2000))}</body></tmx>")
    from latimer.formats.markup import walk

    longest = 0
    for event, element in walk(path, "tmx", {"tu"}):
        if event == "end":
            longest = max(longest, len(element.getparent()))
    # The parser runs ahead of the reader by one block of the file, never by all of it.
    assert longest < 1000
