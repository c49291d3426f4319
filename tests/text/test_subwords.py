from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from typing import get_args

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from latimer.errors import InputError
from latimer.text.vocabulary import subwords
from latimer.text.vocabulary.placeholders import MAX_SLOTS, slot
from latimer.text.vocabulary.subwords import BOS, EOS, PAD, UNK, Kind, Subwords
from latimer.text.vocabulary.words import split_words

KINDS: tuple[Kind, ...] = get_args(Kind)
ALPHABET = "abcdeäßéÀ語ह,.!'-\u00a0"
SLOTS = [slot(k) for k in range(MAX_SLOTS)]


def sentences(count: int = 300, seed: int = 0) -> list[str]:
    """Sentences of a language with a hundred words, some with punctuation."""
    random = Random(seed)
    words = ["".join(random.choices(ALPHABET, k=random.randint(1, 6))) for _ in range(100)]
    return [" ".join(random.choices(words, k=random.randint(1, 9))) for _ in range(count)]


@cache
def trained(kind: Kind) -> Subwords:
    return Subwords.train(sentences(), size=300, kind=kind)


CHUNKS = st.lists(st.one_of(st.sampled_from(ALPHABET), st.sampled_from(SLOTS)), min_size=1)
TEXTS = st.lists(CHUNKS.map("".join), max_size=8).map(" ".join)


@given(st.sampled_from([kind for kind in KINDS if kind != "word"]), TEXTS)
def test_decoding_undoes_encoding(kind: Kind, text: str) -> None:
    model = trained(kind)
    ids = model.encode(text)
    assert UNK not in ids
    assert model.decode(ids) == text
    assert model.decode([BOS, *ids, EOS, PAD, PAD]) == text


@given(st.lists(st.sampled_from(sentences()), max_size=3), st.integers(0, MAX_SLOTS - 1))
def test_decoding_undoes_encoding_of_known_words(parts: list[str], k: int) -> None:
    model, text = trained("word"), " ".join([*parts, slot(k)])
    assert model.decode(model.encode(text)) == text
    assert len(model.encode(text)) == len(split_words(text).split(" "))


@pytest.mark.parametrize("kind", KINDS)
def test_every_slot_is_one_piece_wherever_it_stands(kind: Kind) -> None:
    model = trained(kind)
    assert model.has_slots
    for symbol in SLOTS:
        text = f"{symbol} ab{symbol}, {symbol}{symbol}"
        pieces = [model.piece(id).lstrip("▁").removeprefix("￭") for id in model.encode(text)]
        assert pieces.count(symbol) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_reserved_ids_come_first_and_never_from_text(kind: Kind) -> None:
    model = trained(kind)
    assert [model.piece(id) for id in (PAD, UNK, BOS, EOS)] == ["<pad>", "<unk>", "<s>", "</s>"]
    assert not {PAD, BOS, EOS} & set(model.encode("<pad> <s> </s> a"))
    assert model.kind == kind
    with pytest.raises(IndexError):
        model.piece(len(model))


def test_what_was_never_seen_is_unknown_and_shows() -> None:
    assert UNK in trained("bpe").encode("aQb")
    assert trained("bpe").decode(trained("bpe").encode("aQb")) == "a⁇b"
    known = sentences()[0].split(" ")[0]
    unknown = trained("word").encode(f"{known} Q")
    assert trained("word").decode(unknown) == f"{known} ⁇"


@pytest.mark.parametrize("kind", KINDS)
def test_one_character_pieces_or_whole_words(kind: Kind) -> None:
    learnt = [trained(kind).piece(id) for id in range(EOS + 1, len(trained(kind)))]
    learnt = [piece for piece in learnt if "⟦" not in piece]
    if kind == "char":
        assert set(learnt) == {*ALPHABET, "▁"}
    elif kind == "word":
        words = {f"▁{word}" for text in sentences() for word in split_words(text).split(" ")}
        assert set(learnt) <= words
    else:
        assert max(map(len, learnt)) > 1
        assert {*ALPHABET, "▁"} <= set(learnt)


@pytest.mark.parametrize("kind", KINDS)
def test_a_size_beyond_the_text_gives_the_largest_possible(kind: Kind) -> None:
    model = Subwords.train(["aba ab", "ba ab"], size=5000, kind=kind)
    assert EOS + 1 + MAX_SLOTS < len(model) < 100
    assert model.decode(model.encode("aba ab")) == "aba ab"


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_a_size_below_the_characters_is_refused_with_one_that_works(kind: Kind) -> None:
    with pytest.raises(InputError, match=r"subwords\.size 25 is too small .* at least (\d+)") as e:
        Subwords.train(sentences(), size=25, kind=kind)
    enough = int(str(e.value).rsplit(" ", 1)[1])
    assert len(Subwords.train(sentences(), size=enough, kind=kind)) <= enough


@pytest.mark.parametrize("kind", KINDS)
def test_a_size_below_the_slots_is_refused_with_one_that_works(kind: Kind) -> None:
    with pytest.raises(InputError, match=r"subwords\.size 3 is too small") as e:
        Subwords.train(["a"], size=3, kind=kind)
    enough = int(str(e.value).rsplit(" ", 1)[1])
    assert len(Subwords.train(["a"], size=enough + 1, kind=kind)) <= enough + 1


def test_without_slots_they_are_ordinary_text() -> None:
    model = Subwords.train(sentences(), size=100, kind="bpe", slots=False)
    assert not model.has_slots
    assert UNK in model.encode(slot(0))


@pytest.mark.parametrize("texts", [[], ["", " ", "  "], ["▁"], ["x" * 70_000]])
def test_nothing_to_learn_from_is_refused(texts: list[str]) -> None:
    with pytest.raises(InputError, match="no text to learn subwords from"):
        Subwords.train(texts, size=100, kind="bpe")


def test_an_unknown_kind_is_refused_with_the_choices() -> None:
    with pytest.raises(InputError, match="bpe, unigram, char, word"):
        Subwords.train(["a"], size=100, kind="bytes")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_training_is_a_function_of_its_arguments(kind: Kind) -> None:
    assert Subwords.train(iter(sentences()), size=300, kind=kind) == trained(kind)


def test_a_large_corpus_is_sampled_by_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subwords, "TRAINING_SENTENCES", 20)

    def train(seed: int) -> Subwords:
        return Subwords.train(sentences(), size=120, kind="bpe", seed=seed)

    assert train(0) == train(0)
    assert len({train(seed) for seed in range(4)}) == 4


def test_a_failure_of_the_reader_passes_through() -> None:
    def read() -> Iterator[str]:
        yield "a b"
        raise InputError("corpus.en, line 2: bad")

    with pytest.raises(InputError, match=r"corpus\.en, line 2: bad"):
        Subwords.train(read(), size=100, kind="bpe")


@pytest.mark.parametrize("kind", KINDS)
def test_many_texts_encode_as_one_by_one(kind: Kind) -> None:
    model, texts = trained(kind), sentences(1200, seed=1)
    pieces = [model.encode(text) for text in texts]
    for count in (0, 1, 8, 9, 1200):
        assert model.encode_all(texts[:count]) == pieces[:count]


def test_neither_training_nor_a_bad_file_prints(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    Subwords.train(sentences(), size=10_000, kind="unigram")
    (tmp_path / "x.model").write_bytes(b"no model at all")
    with pytest.raises(InputError):
        Subwords.load(tmp_path / "x.model")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", KINDS)
def test_loading_undoes_saving(kind: Kind, tmp_path: Path) -> None:
    trained(kind).save(tmp_path / "subwords.model")
    loaded = Subwords.load(tmp_path / "subwords.model")
    assert loaded == trained(kind)
    assert loaded.kind == kind
    assert loaded.encode("ab ⟦0⟧") == trained(kind).encode("ab ⟦0⟧")


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "subwords.model"
    trained("bpe").save(path)
    whole = path.read_bytes()
    for size in [*range(0, len(whole), 7), *range(len(whole) - 60, len(whole))]:
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match=r"subwords\.model: not a subword model"):
            Subwords.load(path)


def test_a_file_that_is_missing_or_foreign_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "subwords.model"
    with pytest.raises(InputError, match=r"subwords\.model: cannot be read: No such file"):
        Subwords.load(path)
    model = BytesIO()
    sentencepiece.SentencePieceTrainer.train(  # ids of sentencepiece: <unk> 0, <s> 1, </s> 2
        sentence_iterator=iter(sentences()), model_writer=model, vocab_size=60, minloglevel=2
    )
    for foreign in (b"", b"\x00" * 40, "Grüße".encode(), model.getvalue()):
        path.write_bytes(foreign)
        with pytest.raises(InputError, match=r"subwords\.model: not a subword model of Latimer"):
            Subwords.load(path)
