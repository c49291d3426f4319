import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated import LINES
from latimer.errors import InputError
from latimer.formats.pair import Origin, Pair
from latimer.formats.parallel import read_parallel, read_plain
from latimer.text.corpus.write import write_lines


@given(st.lists(st.tuples(LINES, LINES), min_size=1), st.sampled_from(["", ".gz"]))
def test_lines_come_back(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str]], end: str
) -> None:
    folder = tmp_path_factory.mktemp("plain")
    source, target = folder / f"a.en{end}", folder / f"a.de{end}"
    write_lines(source, (line[0] for line in lines))
    write_lines(target, (line[1] for line in lines))
    assert [pair[:2] for pair in read_plain(source, target)] == lines


def test_origins_and_empty_lines(tmp_path: Path) -> None:
    (tmp_path / "a.en").write_bytes(b"one\r\n\n\xef\xbb\xbfthree")
    (tmp_path / "a.de").write_bytes(b"\xef\xbb\xbfeins\n\ndrei\n")
    name = str(tmp_path / "a.en")
    assert list(read_plain(tmp_path / "a.en", tmp_path / "a.de")) == [
        Pair("one", "eins", Origin(name, 1, name)),
        Pair("\ufeffthree", "drei", Origin(name, 3, name)),
    ]


@pytest.mark.parametrize(("source", "target"), [(3, 5), (5, 3), (0, 1)])
def test_unequal_lengths_are_named(tmp_path: Path, source: int, target: int) -> None:
    (tmp_path / "a.en").write_text("a\n" * source)
    (tmp_path / "a.de").write_text("b\n" * target)
    longer = "en" if source > target else "de"
    first = min(source, target) + 1
    message = rf"a\.{longer}, line {first}: .*a\.en has {source} lines but .*a\.de has {target};"
    with pytest.raises(InputError, match=message):
        list(read_plain(tmp_path / "a.en", tmp_path / "a.de"))


def test_files_without_a_pair_are_refused(tmp_path: Path) -> None:
    for source, target in (("", ""), ("a\n \n", "\t\nb\n")):
        (tmp_path / "a.en").write_text(source)
        (tmp_path / "a.de").write_text(target)
        with pytest.raises(InputError, match=r"a\.en, .*a\.de: empty: no line has text in both"):
            read_parallel(tmp_path / "a.en", tmp_path / "a.de")


def test_all_lines_are_kept_for_evaluation(tmp_path: Path) -> None:
    (tmp_path / "a.en").write_text("one\n\n three\n")
    (tmp_path / "a.de").write_text("eins\nzwei\n\n")
    lines = read_parallel(tmp_path / "a.en", tmp_path / "a.de")
    assert lines == (["one", "", " three"], ["eins", "zwei", ""])


def test_equal_lines_make_equal_gzip_files(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        write_lines(tmp_path / name, ["x", "y"])
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == b"x\ny\n"
