"""The corpus as files of subword pieces, which every toolkit reads alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import (
    EOS,
    Text,
    load_processor,
    read_lines,
    read_split,
    train_joint_bpe,
)

SPLITS = {"train": "train", "val": "val", "test": "test_2016_flickr"}


@dataclass(frozen=True)
class Corpus:
    """Files of pieces with spaces between them: `{train,val,test,first}.{en,de}` in `folder`.

    `first` is the first sentence of test alone: translating it takes as long as starting up.
    """

    folder: Path

    def file(self, split: str, language: str) -> Path:
        """The pieces of one side."""
        return self.folder / f"{split}.{language}"

    @property
    def vocabulary(self) -> Path:
        """The pieces of the joint vocabulary, one a line, without the special symbols."""
        return self.folder / "vocabulary.txt"

    @property
    def model(self) -> Path:
        """The sentencepiece model."""
        return self.folder / "bpe.model"

    def detokenise(self, path: Path) -> list[str]:
        """Lines of pieces in a file as text."""
        processor = load_processor(self.model.read_bytes())
        return [processor.decode_pieces(line.split()) for line in read_lines(path)]


def prepare(data: Path, folder: Path) -> Corpus:
    """Write the files of pieces once, from a folder with Multi30k."""
    corpus = Corpus(folder)
    if corpus.file("first", "de").exists():
        return corpus
    folder.mkdir(parents=True, exist_ok=True)
    train = read_split(data, "train")
    corpus.model.write_bytes(train_joint_bpe(train))
    processor = load_processor(corpus.model.read_bytes())
    pieces = [processor.id_to_piece(number) for number in range(EOS + 1, len(processor))]
    _write(corpus.vocabulary, pieces)
    for name, split in SPLITS.items():
        _write_pieces(corpus, name, read_split(data, split))
    test = read_split(data, SPLITS["test"])
    _write_pieces(corpus, "first", Text(test.source[:1], test.target[:1]))
    return corpus


def _write_pieces(corpus: Corpus, name: str, text: Text) -> None:
    processor = load_processor(corpus.model.read_bytes())
    for language, lines in (("en", text.source), ("de", text.target)):
        pieces = processor.encode(lines, out_type=str)
        _write(corpus.file(name, language), [" ".join(line) for line in pieces])


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
