from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latimer.text.batching import collate, pad_sources, plan
from latimer.text.corpus.tokenised import TokenisedCorpus
from latimer.text.vocabulary.subwords import BOS, EOS, PAD

LENGTHS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=200)
Row = tuple[list[int], list[int]]


def columns(lengths: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [source for source, _ in lengths], [target for _, target in lengths]


@given(LENGTHS, st.integers(1, 200), st.integers(0, 9), st.integers(0, 9), st.integers(1, 20))
def test_every_row_once_and_within_the_budget(
    lengths: list[tuple[int, int]], tokens: int, seed: int, epoch: int, most: int
) -> None:
    source, target = columns(lengths)
    batches = plan(source, target, tokens=tokens, seed=seed, epoch=epoch, max_sentences=most)
    assert sorted(row for batch in batches for row in batch.tolist()) == list(range(len(lengths)))
    for batch in batches:
        rows = batch.tolist()
        assert 1 <= len(rows) <= most
        longest = max(max(source[row], target[row]) + 1 for row in rows)
        assert len(rows) == 1 or len(rows) * longest <= tokens


@given(LENGTHS, st.integers(1, 200), st.integers(0, 9))
def test_the_plan_is_a_function_of_its_arguments(
    lengths: list[tuple[int, int]], tokens: int, seed: int
) -> None:
    source, target = columns(lengths)
    once = plan(source, target, tokens=tokens, seed=seed, epoch=3)
    np.random.default_rng().random()
    again = plan(np.array(source), np.array(target), tokens=tokens, seed=seed, epoch=3)
    assert [batch.tolist() for batch in once] == [batch.tolist() for batch in again]


def corpus_lengths(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Lengths like those of real sentences: skewed, the target's following the source's."""
    random = np.random.default_rng(7)
    source = np.clip(random.gamma(3.0, 6.0, rows).astype(int) + 2, 2, 150)
    target = np.clip((source * random.normal(1.1, 0.2, rows)).astype(int), 1, 200)
    return source, target


def test_epochs_and_seeds_differ_in_batches_and_in_their_order() -> None:
    source, target = corpus_lengths(2000)
    orders = set()
    groups = set()
    for seed, epoch in [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2)]:
        batches = plan(source, target, tokens=400, seed=seed, epoch=epoch)
        orders.add(tuple(len(batch) for batch in batches))
        groups.add(frozenset(frozenset(batch.tolist()) for batch in batches))
    assert len(orders) == len(groups) == 5


def padding(lengths: np.ndarray, batches: list[np.ndarray]) -> float:
    positions = sum((lengths[batch].max() + 1) * len(batch) for batch in batches)
    return float(1 - (lengths.sum() + len(lengths)) / positions)


def test_little_is_padding_and_batches_are_full() -> None:
    source, target = corpus_lengths(30_000)
    batches = plan(source, target, tokens=2048, seed=0, epoch=0)
    assert padding(target, batches) < 0.03
    assert padding(source, batches) + padding(target, batches) < 2 * 0.10
    spent = sum(
        len(batch) * (max(source[batch].max(), target[batch].max()) + 1) for batch in batches
    )
    assert spent / len(batches) > 0.9 * 2048


def test_short_and_long_batches_alternate_at_random() -> None:
    source, target = corpus_lengths(30_000)
    batches = plan(source, target, tokens=2048, seed=0, epoch=0)
    means = np.array([target[batch].mean() for batch in batches])
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.3


def test_a_sentence_beyond_the_budget_is_its_own_batch() -> None:
    batches = plan([3, 500, 3], [3, 3, 3], tokens=20, seed=0, epoch=0)
    assert [1] in [batch.tolist() for batch in batches]


def test_no_rows_no_batches() -> None:
    assert plan([], [], tokens=10, seed=0, epoch=0) == []


def test_impossible_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        plan([1], [1], tokens=0, seed=0, epoch=0)
    with pytest.raises(ValueError, match="at least 1"):
        plan([1], [1], tokens=1, seed=0, epoch=0, max_sentences=0)
    with pytest.raises(ValueError, match="lengths of shape"):
        plan([1, 2], [1], tokens=1, seed=0, epoch=0)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    random = np.random.default_rng(3)
    return [
        tuple(random.integers(4, 99, random.integers(0, 9)).tolist() for _ in range(2))  # type: ignore[misc]
        for _ in range(50)
    ]


@pytest.fixture(scope="module")
def corpus(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> TokenisedCorpus:
    path: Path = tmp_path_factory.mktemp("corpus") / "c.arrow"
    TokenisedCorpus.write(path, rows)
    return TokenisedCorpus.open(path)


def padded(rows: list[list[int]]) -> list[list[int]]:
    """The plain loop that batches are held against."""
    time = max(len(row) for row in rows)
    return [row + [PAD] * (time - len(row)) for row in rows]


@given(st.lists(st.integers(0, 49), min_size=1, max_size=12))
def test_collate_agrees_with_a_plain_loop(
    rows: list[Row], corpus: TokenisedCorpus, indices: list[int]
) -> None:
    batch = collate(corpus, indices)
    chosen = sorted((rows[index] for index in indices), key=lambda row: -len(row[1]))
    assert batch.source.tolist() == padded([[*source, EOS] for source, _ in chosen])
    assert batch.target.tolist() == padded([[BOS, *target, EOS] for _, target in chosen])
    assert batch.source_lengths.tolist() == [len(source) + 1 for source, _ in chosen]
    assert batch.target_lengths.tolist() == [len(target) + 1 for _, target in chosen]
    assert batch.inputs.tolist() == [row[:-1] for row in batch.target.tolist()]
    assert batch.labels.tolist() == [row[1:] for row in batch.target.tolist()]
    assert batch.tokens == sum(len(target) + 1 for _, target in chosen)
    assert {part.dtype for part in (batch.source, batch.target, batch.source_lengths)} == {
        torch.int64
    }


def test_a_batch_moves_whole(corpus: TokenisedCorpus) -> None:
    moved = collate(corpus, [1, 2, 3]).to("meta")
    parts = (moved.source, moved.source_lengths, moved.target, moved.target_lengths)
    assert all(part.device.type == "meta" for part in parts)


def test_pad_sources_keeps_the_order() -> None:
    source, lengths = pad_sources([[7], [5, 6, 7], []])
    assert source.tolist() == [[7, EOS, 0, 0], [5, 6, 7, EOS], [EOS, 0, 0, 0]]
    assert lengths.tolist() == [2, 4, 1]
    assert pad_sources([])[1].tolist() == []
