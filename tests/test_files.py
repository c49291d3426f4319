"""Files are whole or absent; text is UTF-8 or refused, with its place."""

import gzip
import os

import pytest

from latimer.errors import InputError, LatimerError
from latimer.files import MAX_LINE_BYTES, read_lines, write_atomically, write_folder_atomically


def leftovers(folder):
    return sorted(os.listdir(folder))


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "deep" / "file"
    for text in ("first", "second"):
        write_atomically(path, lambda temporary, text=text: temporary.write_text(text))
        assert path.read_text() == text
    assert leftovers(path.parent) == ["file"]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(LatimerError, match=r"file: No space left"):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert leftovers(tmp_path) == ["file"]


def test_a_failed_folder_leaves_the_old_one(tmp_path):
    folder = tmp_path / "model"

    def fill(text):
        return lambda temporary: (temporary / "weights").write_text(text)

    write_folder_atomically(folder, fill("old"))

    def fail(temporary):
        fill("half")(temporary)
        raise OSError(28, "No space left on device")

    with pytest.raises(LatimerError, match="No space left"):
        write_folder_atomically(folder, fail)
    assert (folder / "weights").read_text() == "old"
    write_folder_atomically(folder, fill("new"))
    assert (folder / "weights").read_text() == "new"
    assert leftovers(tmp_path) == ["model"]


@pytest.mark.parametrize("write", [write_atomically, write_folder_atomically])
def test_a_parent_that_is_a_file_is_one_line(tmp_path, write):
    (tmp_path / "file").write_text("")
    with pytest.raises(LatimerError, match="cannot write"):
        write(tmp_path / "file" / "below", lambda temporary: None)


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b"fine\n\xff\n", r"text, line 2, byte 1: not UTF-8 \(0xff\)"),
        (b"fine\nabc\xe4\n", "line 2, byte 4: not UTF-8"),
        (b"a\0b\n", "line 1, byte 2: a NUL byte"),
        (b"a" * (MAX_LINE_BYTES + 1), "line 1: longer than"),
    ],
)
def test_what_is_no_text_is_refused_with_its_place(tmp_path, raw, complaint):
    path = tmp_path / "text"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=complaint):
        list(read_lines(path))


def test_only_newlines_end_lines_and_a_byte_order_mark_is_dropped(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("\ufeffa\u2028b\x0bc\r\nd\n\ne".encode())
    assert list(read_lines(path)) == ["a\u2028b\x0bc", "d", "", "e"]


def test_a_gzip_file_reads_like_a_plain_one_and_damage_is_named(tmp_path):
    whole = gzip.compress(b"".join(b"line %d\n" % n for n in range(5000)))
    path = tmp_path / "text.gz"
    path.write_bytes(whole)
    assert len(list(read_lines(path))) == 5000
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"text\.gz: damaged gzip file after line \d+"):
        list(read_lines(path))


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        list(read_lines(tmp_path / "absent"))
