"""A tokenised parallel corpus on disk: an Arrow IPC file, memory-mapped.

Two columns, `source` and `target`, both `list<int32>`: the pieces of a sentence without BOS and
EOS. Only the lengths live in memory; the tokens stay on disk until a row is asked for, so a
corpus larger than memory trains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from latimer.errors import InputError
from latimer.files import write_atomically

ROWS_PER_RECORD_BATCH = 8192

_TOKENS = pa.list_(pa.field("item", pa.int32(), nullable=False))
_SCHEMA = pa.schema(
    [pa.field("source", _TOKENS, nullable=False), pa.field("target", _TOKENS, nullable=False)],
    metadata={"format": "latimer-corpus/1"},
)

Row = tuple[Sequence[int], Sequence[int]]


class _Column:
    """One side of the corpus: views into the mapped file, one pair for each record batch."""

    def __init__(self, arrays: list[Any]) -> None:
        self.offsets = [array.offsets.to_numpy(zero_copy_only=True) for array in arrays]
        self.tokens = [array.values.to_numpy(zero_copy_only=True) for array in arrays]

    def lengths(self) -> npt.NDArray[np.int32]:
        parts = [np.diff(offsets) for offsets in self.offsets]
        return np.concatenate([np.empty(0, np.int32), *parts]).astype(np.int32, copy=False)

    def row(self, part: int, index: int) -> npt.NDArray[np.int32]:
        start, end = self.offsets[part][index : index + 2]
        return self.tokens[part][start:end]


class TokenisedCorpus:
    """Sentence pairs as piece ids, read from a memory-mapped file; see `write` and `open`.

    `source_lengths` and `target_lengths` are numbers of pieces, int32 `[rows]`.
    """

    def __init__(self, batches: list[Any], rows: npt.NDArray[np.int64] | None = None) -> None:
        """From record batches of the two columns, of which `rows` are read; use `open`."""
        self._batches, self._rows = batches, rows
        self._source = _Column([batch.column("source") for batch in batches])
        self._target = _Column([batch.column("target") for batch in batches])
        self._starts = np.cumsum([0, *(batch.num_rows for batch in batches)])
        self.source_lengths = self._source.lengths()
        self.target_lengths = self._target.lengths()
        if rows is not None:
            self.source_lengths = self.source_lengths[rows]
            self.target_lengths = self.target_lengths[rows]

    @staticmethod
    def write(path: Path, rows: Iterable[Row]) -> int:
        """Stream rows of (source pieces, target pieces) into `path`; returns how many.

        The file is whole or absent: LatimerError when the disk refuses, and whatever `rows`
        raises passes through.
        """
        written = 0

        def fill(temporary: Path) -> None:
            nonlocal written
            with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, _SCHEMA) as writer:
                for batch in _record_batches(rows):
                    writer.write_batch(batch)
                    written += batch.num_rows

        write_atomically(path, fill)
        return written

    @classmethod
    def open(cls, path: Path) -> TokenisedCorpus:
        """Map the file; raises InputError when it is missing, truncated or of another kind."""
        advice = "not a whole tokenised corpus; remove it and let training make it again"
        try:
            reader = pa.ipc.open_file(pa.memory_map(str(path)))
            if not reader.schema.equals(_SCHEMA, check_metadata=True):
                raise InputError(f"{path}: {advice}")
            batches = [reader.get_batch(k) for k in range(reader.num_record_batches)]
            for batch in batches:
                batch.validate(full=True)
        except FileNotFoundError as error:
            raise InputError(f"{path}: no such file") from error
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{path}: {advice}") from error
        return cls(batches)

    def part(self, rows: npt.NDArray[np.int64]) -> TokenisedCorpus:
        """Some pairs of a corpus as a corpus, without a copy; `rows` are those of this one."""
        return TokenisedCorpus(self._batches, rows if self._rows is None else self._rows[rows])

    def __len__(self) -> int:
        """Number of sentence pairs."""
        return len(self.source_lengths)

    def row(self, index: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Source and target pieces of one pair, read-only int32 views into the mapped file."""
        if not 0 <= index < len(self):
            raise IndexError(f"row {index} of a corpus of {len(self)}")
        index = index if self._rows is None else int(self._rows[index])
        part = int(np.searchsorted(self._starts, index, side="right")) - 1
        within = index - int(self._starts[part])
        return self._source.row(part, within), self._target.row(part, within)


def _record_batches(rows: Iterable[Row]) -> Iterator[Any]:
    iterator = iter(rows)
    while part := list(islice(iterator, ROWS_PER_RECORD_BATCH)):
        sides = [_list_array([row[0] for row in part]), _list_array([row[1] for row in part])]
        yield pa.record_batch(sides, schema=_SCHEMA)


def _list_array(sequences: list[Sequence[int]]) -> Any:
    offsets = np.zeros(len(sequences) + 1, dtype=np.int32)
    np.cumsum([len(sequence) for sequence in sequences], out=offsets[1:])
    tokens = np.fromiter(chain.from_iterable(sequences), dtype=np.int32, count=int(offsets[-1]))
    return pa.ListArray.from_arrays(offsets, tokens, type=_TOKENS)
