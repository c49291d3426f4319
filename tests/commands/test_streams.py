import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.commands.streams import in_chunks, stdin_lines
from latimer.errors import InputError


def test_chunks_grow_and_end_at_pauses():
    lines = [*"abcdefghijklmn", None, *"op", None, None, "q"]
    chunks = list(in_chunks(lines, 2, 4))
    assert chunks == [[*"ab"], [*"cdef"], [*"ghij"], [*"klmn"], [*"op"], ["q"]]


def test_an_error_comes_after_the_lines_before_it():
    def lines():
        yield from "abc"
        raise InputError("line 4")

    chunks = in_chunks(lines(), 2, 4)
    assert [next(chunks), next(chunks)] == [["a", "b"], ["c"]]
    with pytest.raises(InputError, match="line 4"):
        next(chunks)


@given(lines=st.lists(st.text(alphabet="ab é日", max_size=5), max_size=30), first=st.integers(1, 9))
def test_no_line_is_lost(lines, first):
    assert [line for chunk in in_chunks(lines, first, 7) for line in chunk] == lines


def test_characters_cut_between_two_reads_are_whole():
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb", buffering=0) as pipe:
        lines = stdin_lines(reading)
        content = "\ufeffé日\r\nzwei\ndrei".encode()
        pipe.write(content[:4])
        assert next(lines) is None
        pipe.write(content[4:-2])
        assert [next(lines), next(lines), next(lines)] == ["é日", "zwei", None]
        pipe.write(content[-2:])
        pipe.close()
        assert [line for line in lines if line is not None] == ["drei"]
    os.close(reading)


def test_what_cannot_be_read_is_stdin(tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(InputError, match="stdin: cannot be read: Is a directory"):
        next(stdin_lines(folder))
    os.close(folder)
    with pytest.raises(InputError, match="stdin: cannot be read: Bad file descriptor"):
        next(stdin_lines(folder))
