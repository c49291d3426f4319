"""Phrase tables: lookup against naive search, files, damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from latimer.errors import InputError
from latimer.statistical.phrases.phrase_table import PhraseTable, lookup
from latimer.statistical.phrases.table_file import load_table, save_table

PHRASES = st.sets(st.lists(st.integers(0, 3), min_size=1, max_size=4).map(tuple), max_size=20)


def made(phrases: list[tuple[int, ...]], seed: int = 0) -> PhraseTable:
    """A table with one or two options of random words a phrase."""
    random = np.random.default_rng(seed)
    phrases = sorted(phrases)
    numbers = random.integers(1, 3, len(phrases))
    options = int(numbers.sum())
    lengths = random.integers(1, 5, options)
    links = [
        random.integers(-1, len(phrase), length)
        for phrase, length in zip(
            [p for p, n in zip(phrases, numbers, strict=True) for _ in range(n)],
            lengths,
            strict=True,
        )
    ]
    return PhraseTable(
        np.array([token for phrase in phrases for token in phrase], np.int32),
        np.cumsum([0, *map(len, phrases)]),
        np.cumsum([0, *numbers]),
        random.integers(0, 500, lengths.sum()).astype(np.int32),
        np.cumsum([0, *lengths]),
        np.log(random.random((options, 4))).astype(np.float32),
        np.log(random.dirichlet(np.ones(3), (options, 2)).reshape(options, 6)).astype(np.float32),
        random.integers(1, 70_000, options).astype(np.int32),
        np.concatenate([*links, np.empty(0)]).astype(np.int8),
    )


@given(PHRASES, st.lists(st.integers(-1, 4), max_size=9))
@settings(deadline=None)
def test_lookup_finds_the_spans_that_a_naive_search_finds(phrases, sentence):
    table = made(list(phrases))
    rows = {phrase: row for row, phrase in enumerate(sorted(phrases))}
    wanted = [
        [start, end, rows[tuple(sentence[start:end])]]
        for start in range(len(sentence))
        for end in range(start + 1, len(sentence) + 1)
        if tuple(sentence[start:end]) in rows
    ]
    assert lookup(table, np.array(sentence, np.int32)).tolist() == wanted


def test_a_long_sentence_has_room_for_all_its_spans():
    table = made([(7,) * length for length in range(1, 8)])
    spans = lookup(table, np.full(50, 7, np.int32))
    assert len(spans) == sum(50 - length + 1 for length in range(1, 8))


@pytest.mark.parametrize("phrases", [[], [(0,), (0, 1), (2, 1, 3)]])
def test_a_table_survives_its_file(tmp_path: Path, phrases):
    table = made(phrases)
    save_table(table, tmp_path / "table")
    again = load_table(tmp_path / "table", 4, 500)
    for name, one, other in zip(table._fields, table, again, strict=True):
        assert one.dtype == other.dtype, name
        if name in ("scores", "orientation"):
            assert one.shape == other.shape
            np.testing.assert_allclose(one, other, rtol=1e-3)
        else:
            np.testing.assert_array_equal(one, other, err_msg=name)


DAMAGE = {
    "source_tokens": lambda a: a[:-1],
    "source_lengths": lambda a: a + 1,
    "option_numbers": lambda a: a * 2,
    "target_tokens": lambda a: a.astype(np.int32) * 1000 + 500,
    "target_lengths": lambda a: a[::-1][1:],
    "links": lambda a: np.full_like(a, 3),
    "scores": lambda a: a * np.float16(np.nan),
    "orientation_rows": lambda a: a[:, :5],
    "orientation": lambda a: a + 1,
    "counts": lambda a: a.astype(np.int64) - 80_000,
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_table_is_refused_in_one_line(tmp_path: Path, name):
    path = tmp_path / "table"
    save_table(made([(0,), (0, 1), (2, 1, 3)], seed=1), path)
    tensors = load_file(path)
    save_file(tensors | {name: np.ascontiguousarray(DAMAGE[name](tensors[name]))}, path)
    with pytest.raises(InputError) as caught:
        load_table(path, 4, 500)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_phrases_out_of_order_are_refused(tmp_path: Path):
    path = tmp_path / "table"
    save_table(made([(0,), (0, 1), (2, 1, 3)]), path)
    tensors = load_file(path)
    save_file(tensors | {"source_tokens": tensors["source_tokens"][::-1].copy()}, path)
    with pytest.raises(InputError, match="not in order"):
        load_table(path, 4, 500)


def test_a_table_of_other_languages_is_refused(tmp_path: Path):
    path = tmp_path / "table"
    save_table(made([(0,), (0, 1), (2, 1, 3)]), path)
    with pytest.raises(InputError, match="source_tokens holds 3, 0 to 2 expected"):
        load_table(path, 3, 500)
    with pytest.raises(InputError, match="target_tokens"):
        load_table(path, 4, 10)


def test_a_truncated_file_a_missing_one_and_an_unknown_tensor_are_refused(tmp_path: Path):
    path = tmp_path / "table"
    with pytest.raises(InputError, match="missing"):
        load_table(path, 4, 500)
    save_table(made([(0,)]), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    with pytest.raises(InputError, match="truncated"):
        load_table(path, 4, 500)
    path.write_bytes(whole)
    save_file(load_file(path) | {"other": np.zeros(1)}, path)
    with pytest.raises(InputError, match="unknown tensor 'other'"):
        load_table(path, 4, 500)
