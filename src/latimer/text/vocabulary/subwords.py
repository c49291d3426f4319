"""Subwords: text to piece ids and back, with sentencepiece (Kudo and Richardson 2018).

Kinds are `bpe` (Sennrich et al. 2016), `unigram` (Kudo 2018), `char` and `word`. Text is not
normalised, and slots of `latimer.text.vocabulary.placeholders` are single pieces everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import sentencepiece

from latimer.errors import InputError
from latimer.files import write_atomically
from latimer.text.vocabulary.placeholders import MAX_SLOTS, slot
from latimer.text.vocabulary.words import JOINER, join_words, split_words

PAD, UNK, BOS, EOS = 0, 1, 2, 3

Kind = Literal["bpe", "unigram", "char", "word"]

TRAINING_SENTENCES = 1_000_000
"""A larger corpus is sampled down to so many sentences; more change the pieces very little."""

FEW = 8
"""Up to so many texts are encoded one by one: for a batch SentencePiece starts a thread."""

MAX_SENTENCE_BYTES = 65_536
"""A longer line takes no part in training a vocabulary."""

_THREADS = 4
# Fixed, because the sums of unigram training are grouped by thread and rounding would follow it.

_KIND_NUMBERS: dict[int, Kind] = {1: "unigram", 2: "bpe", 3: "word", 4: "char"}
# trainer_spec.model_type in sentencepiece_model.proto

sentencepiece.set_min_log_level(2)


class Subwords:
    """A trained vocabulary. Ids: PAD 0, UNK 1, BOS 2, EOS 3, then the slots, then the pieces.

    `decode(encode(text)) == text` whenever spaces in `text` are single and inner, its characters
    (for kind `word`: its words) occurred in training, and it holds no `▁` (U+2581), by which
    sentencepiece writes a space.
    """

    def __init__(self, model: bytes) -> None:
        """From the bytes of a `.model` file; raises ValueError when they are not ours."""
        self._model = model
        self.kind = _kind(model)
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(model)
        except (RuntimeError, OSError) as error:
            raise ValueError("not a sentencepiece model") from error
        processor = self._processor
        reserved = [processor.pad_id(), processor.unk_id(), processor.bos_id(), processor.eos_id()]
        if reserved != [PAD, UNK, BOS, EOS]:
            raise ValueError("a sentencepiece model with other ids for padding, start and end")

    @classmethod
    def train(
        cls,
        sentences: Iterable[str],
        *,
        size: int,
        kind: Kind,
        seed: int = 0,
        slots: bool = True,
    ) -> Subwords:
        """Learn a vocabulary of at most `size` pieces, reserved ones and `slots` included.

        When the text has fewer pieces than asked for, it is as large as the text allows. The
        result depends on the arguments alone, not on the number of cores. Raises InputError
        when there is no text or `size` cannot hold its characters (its slots, for `word`
        and `char`).
        """
        if kind not in get_args(Kind):
            raise InputError(f"subwords.kind {kind!r}: choose one of {', '.join(get_args(Kind))}")
        sample = _sample(_usable(sentences), TRAINING_SENTENCES, seed)
        if not sample:
            raise InputError("no text to learn subwords from: the corpus has no words")
        symbols = _symbols(kind) if slots else []
        needed = len(symbols) + 5
        if size < needed:
            raise InputError(f"subwords.size {size} is too small; the least possible is {needed}")
        if kind == "word":
            sample = [split_words(sentence) for sentence in sample]
        return cls(_train(sample, size, kind, symbols))

    def encode(self, text: str) -> list[int]:
        """Ids of the pieces of `text` (placeholders already masked), without BOS and EOS."""
        return self._processor.encode(split_words(text) if self.kind == "word" else text)

    def surfaces(self, text: str) -> list[str]:
        """The pieces of `text` as they are written in it, unknown characters too.

        `▁` stands for a space. Not for the kind `word`.
        """
        return self._processor.encode(text, out_type=str)

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` for many texts at once, on every core."""
        if len(texts) <= FEW:
            return [self.encode(text) for text in texts]
        prepared = [split_words(text) for text in texts] if self.kind == "word" else list(texts)
        return self._processor.encode(prepared, num_threads=-1 if len(prepared) > 1000 else 1)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some pieces; PAD, BOS and EOS are skipped, UNK shows as `⁇`."""
        text = self._processor.decode([int(id) for id in ids])
        return join_words(text.strip(" ")) if self.kind == "word" else text

    def piece(self, id: int) -> str:
        """The piece as text; `▁` stands for a space."""
        if not 0 <= id < len(self):
            raise IndexError(f"piece {id} of a vocabulary of {len(self)}")
        return self._processor.id_to_piece(id)

    def spellings(self) -> list[str]:
        """What each piece adds to a text, a space in front where it begins a word, by id.

        Joined they are the text that `decode` makes of the same ids, but for spaces at its ends.
        """
        return [self._spelling(id) for id in range(len(self))]

    def _spelling(self, id: int) -> str:
        if id == UNK:
            return " ⁇" if self.kind == "word" else "⁇"
        if id in (PAD, BOS, EOS):
            return ""
        piece = self.piece(id).replace("▁", " ")
        return piece.removeprefix(" " + JOINER) if self.kind == "word" else piece

    @property
    def has_slots(self) -> bool:
        """Whether the slots of masked placeholders are pieces: they come first, from id 4 on."""
        return len(self) > EOS + 1 and self.piece(EOS + 1).removeprefix("▁") == slot(0)

    def __len__(self) -> int:
        """Number of ids."""
        return self._processor.get_piece_size()

    def __eq__(self, other: object) -> bool:
        """Whether both are the same model, byte for byte."""
        return isinstance(other, Subwords) and self._model == other._model

    def __hash__(self) -> int:
        """Agrees with equality."""
        return hash(self._model)

    def save(self, path: Path) -> None:
        """Write the sentencepiece `.model` file, atomically."""
        write_atomically(path, lambda temporary: _write(temporary, self._model))

    @classmethod
    def load(cls, path: Path) -> Subwords:
        """Read a `.model` file; raises InputError when it is missing, truncated or foreign."""
        try:
            return cls(path.read_bytes())
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise InputError(f"{path}: not a subword model of Latimer, or damaged") from error


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _usable(sentences: Iterable[str]) -> Iterator[str]:
    """Sentences that sentencepiece can learn from: neither blank nor over-long, one line each."""
    for sentence in sentences:
        line = " ".join(sentence.splitlines())
        if line.strip(" ▁") and len(line.encode()) <= MAX_SENTENCE_BYTES:
            yield line


def _sample(sentences: Iterable[str], size: int, seed: int) -> list[str]:
    """At most `size` sentences, each equally likely (reservoir sampling, Vitter 1985)."""
    random = np.random.default_rng(seed)
    kept: list[str] = []
    for seen, sentence in enumerate(sentences):
        if seen < size:
            kept.append(sentence)
        elif (place := int(random.integers(seen + 1))) < size:
            kept[place] = sentence
    return kept


def _symbols(kind: Kind) -> list[str]:
    slots = [slot(k) for k in range(MAX_SLOTS)]
    if kind != "word":
        return slots
    return ["▁" + text for text in slots] + ["▁" + JOINER + text for text in slots]


def _train(sentences: list[str], size: int, kind: Kind, symbols: list[str]) -> bytes:
    model = BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_writer=model,
            model_type=kind,
            vocab_size=size,
            hard_vocab_limit=False,
            character_coverage=1.0,
            normalization_rule_name="identity",
            user_defined_symbols=symbols,
            pad_id=PAD,
            unk_id=UNK,
            bos_id=BOS,
            eos_id=EOS,
            unk_surface=" ⁇" if kind == "word" else "⁇",
            max_sentence_length=MAX_SENTENCE_BYTES,
            num_threads=_THREADS,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise InputError(_explain(str(error), size)) from error
    return model.getvalue()


def _explain(message: str, size: int) -> str:
    """Sentencepiece's complaint, which names its source file, in the user's terms."""
    if too_small := re.search(r"smaller than required_chars\. \d+ vs (\d+)", message):
        return (
            f"subwords.size {size} is too small for the characters of this text; "
            f"set it to at least {too_small[1]}"
        )
    if "all_chars_count" in message:
        return "no text to learn subwords from: the corpus has no words"
    return f"sentencepiece cannot learn subwords from this text: {' '.join(message.split())}"


def _kind(model: bytes) -> Kind:
    """The kind written in a serialised ModelProto; ValueError when it is cut short.

    A protobuf message cut between two fields still parses, with the rest silently at its
    defaults, so the presence of all three parts (pieces, trainer, normaliser) is checked here.
    """
    parts = dict(_fields(model))
    if not {1, 2, 3} <= parts.keys():
        raise ValueError("a damaged sentencepiece model")
    number = dict(_fields(parts[2])).get(3, b"\x01")
    if number[0] not in _KIND_NUMBERS:
        raise ValueError("a sentencepiece model of an unknown kind")
    return _KIND_NUMBERS[number[0]]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Field number and raw content of each field of a protobuf message; ValueError if cut."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            if place >= len(message) or shift > 63:
                raise ValueError("a damaged protobuf message")
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        tag = varint()
        start = place
        wire = tag & 7
        if wire == 0:
            varint()
        elif wire == 2:
            size = varint()
            start, place = place, place + size
        elif wire in (1, 5):
            place += 8 if wire == 1 else 4
        else:
            raise ValueError("a damaged protobuf message")
        if place > len(message):
            raise ValueError("a damaged protobuf message")
        yield tag >> 3, message[start:place]
