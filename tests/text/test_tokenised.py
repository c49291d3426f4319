from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.errors import InputError
from latimer.text.corpus import tokenised
from latimer.text.corpus.tokenised import TokenisedCorpus

IDS = st.lists(st.integers(0, 2**31 - 1), max_size=5)
ROWS = st.lists(st.tuples(IDS, IDS), max_size=12)


@given(ROWS, st.integers(1, 5))
def test_reading_undoes_writing(rows: list[tuple[list[int], list[int]]], part: int) -> None:
    with (
        TemporaryDirectory() as folder,
        patch.object(tokenised, "ROWS_PER_RECORD_BATCH", part),
    ):
        path = Path(folder) / "corpus.arrow"
        assert TokenisedCorpus.write(path, iter(rows)) == len(rows)
        corpus = TokenisedCorpus.open(path)
        assert len(corpus) == len(rows)
        read = [tuple(side.tolist() for side in corpus.row(i)) for i in range(len(corpus))]
        assert read == rows
        assert corpus.source_lengths.tolist() == [len(source) for source, _ in rows]
        assert corpus.target_lengths.tolist() == [len(target) for _, target in rows]
        assert corpus.source_lengths.dtype == corpus.target_lengths.dtype == np.int32


def test_rows_outside_are_refused(tmp_path: Path) -> None:
    TokenisedCorpus.write(tmp_path / "c", [([1], [2])])
    corpus = TokenisedCorpus.open(tmp_path / "c")
    for index in (-1, 1):
        with pytest.raises(IndexError):
            corpus.row(index)


def test_tokens_stay_on_disk(tmp_path: Path) -> None:
    rows = [(list(range(1000)), list(range(1000))) for _ in range(500)]
    TokenisedCorpus.write(tmp_path / "c", rows)
    before = pa.total_allocated_bytes()
    corpus = TokenisedCorpus.open(tmp_path / "c")
    assert pa.total_allocated_bytes() - before < 100_000  # of 4 MB of tokens
    first, again = corpus.row(7)[0], corpus.row(7)[0]
    assert np.shares_memory(first, again)
    assert not first.flags.owndata
    assert not first.flags.writeable


def rows_with(value: int) -> list[tuple[list[int], list[int]]]:
    return [([value + k], [value + k, k]) for k in range(40)]


def test_a_failure_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "c"
    TokenisedCorpus.write(path, rows_with(5))

    def failing() -> Iterator[tuple[list[int], list[int]]]:
        yield from rows_with(9)
        raise InputError("corpus.de, line 41: bad")

    with pytest.raises(InputError, match="line 41"):
        TokenisedCorpus.write(path, failing())
    assert TokenisedCorpus.open(path).row(0)[0].tolist() == [5]
    assert [file.name for file in tmp_path.iterdir()] == ["c"]


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    path, cut = tmp_path / "c", tmp_path / "cut.arrow"
    TokenisedCorpus.write(path, rows_with(5))
    whole = path.read_bytes()
    for size in [*range(0, len(whole), 37), len(whole) - 1]:
        cut.write_bytes(whole[:size])
        with pytest.raises(InputError, match=r"cut\.arrow: not a whole tokenised corpus"):
            TokenisedCorpus.open(cut)


def test_damaged_offsets_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c"
    TokenisedCorpus.write(path, rows_with(5))
    offsets = np.arange(41, dtype=np.int32)
    damaged = offsets.copy()
    damaged[20] = 2**30
    whole = path.read_bytes()
    assert offsets.tobytes() in whole
    path.write_bytes(whole.replace(offsets.tobytes(), damaged.tobytes(), 1))
    with pytest.raises(InputError, match="not a whole tokenised corpus"):
        TokenisedCorpus.open(path)


def test_foreign_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        TokenisedCorpus.open(tmp_path / "none")
    table = pa.table({"source": [[1]], "target": [[2]]})
    with pa.ipc.new_file(str(tmp_path / "other"), table.schema) as writer:
        writer.write_table(table)
    (tmp_path / "text").write_text("a sentence a line\n" * 100)
    for name in ("other", "text", "."):
        with pytest.raises(InputError, match="not a whole tokenised corpus"):
            TokenisedCorpus.open(tmp_path / name)
