"""The vocabulary of a translator: subwords of both languages and how placeholders are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from latimer.text.vocabulary.placeholders import mask, mask_target, unmask
from latimer.text.vocabulary.subwords import Kind, Subwords

_JOINT, _SOURCE, _TARGET = "subwords.model", "subwords.source.model", "subwords.target.model"


@dataclass(frozen=True)
class Vocabulary:
    """Subwords of source and target, the same object when they are joint.

    With `placeholders`, what stands in `{braces}`, `%(format)s` codes, tags and links travels
    through the translator as slots and comes back unharmed; see
    `latimer.text.vocabulary.placeholders`.
    """

    source: Subwords
    target: Subwords
    placeholders: bool

    @classmethod
    def train(
        cls,
        pairs: Iterable[tuple[str, str]],
        *,
        kind: Kind,
        size: int,
        joint: bool,
        placeholders: bool,
        seed: int = 0,
    ) -> Vocabulary:
        """Learn subwords from (source, target) texts; `size` is that of each model.

        `pairs` is iterated once when `joint`, twice otherwise, and so must not be an iterator.
        Raises InputError as `Subwords.train` does.
        """
        if iter(pairs) is pairs:
            raise TypeError("pairs can be iterated only once; pass a list or the like")

        def learn(texts: Iterable[str]) -> Subwords:
            return Subwords.train(texts, size=size, kind=kind, seed=seed, slots=placeholders)

        if joint:
            both = learn(text for pair in _masked(pairs, placeholders) for text in pair)
            return cls(both, both, placeholders)
        return cls(
            learn(source for source, _ in _masked(pairs, placeholders)),
            learn(target for _, target in _masked(pairs, placeholders)),
            placeholders,
        )

    @classmethod
    def train_one(
        cls, texts: Iterable[str], *, kind: Kind, size: int, placeholders: bool, seed: int = 0
    ) -> Vocabulary:
        """Learn subwords from the text of one language; raises InputError as `train` does."""
        masked = (mask(text)[0] if placeholders else text for text in texts)
        one = Subwords.train(masked, size=size, kind=kind, seed=seed, slots=placeholders)
        return cls(one, one, placeholders)

    @property
    def joint(self) -> bool:
        """Whether both languages share one model."""
        return self.source is self.target

    def encode_pair(self, source: str, target: str) -> tuple[list[int], list[int]]:
        """Pieces of a training pair; a placeholder of both sides has the same slot in both."""
        source, target = next(_masked([(source, target)], self.placeholders))
        return self.source.encode(source), self.target.encode(target)

    def encode_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[list[int], list[int]]]:
        """`encode_pair` for many pairs at once, on every core."""
        masked = list(_masked(pairs, self.placeholders))
        sources = self.source.encode_all([source for source, _ in masked])
        targets = self.target.encode_all([target for _, target in masked])
        return list(zip(sources, targets, strict=True))

    def encode_targets(self, texts: Sequence[str]) -> list[list[int]]:
        """Pieces of texts of the target language that stand alone; placeholders become slots."""
        return self.target.encode_all(
            [mask(text)[0] if self.placeholders else text for text in texts]
        )

    def encode_source(self, text: str) -> tuple[list[int], list[str]]:
        """Pieces of a text to translate, and the table of placeholders for `decode_target`."""
        masked, table = mask(text) if self.placeholders else (text, [])
        return self.source.encode(masked), table

    def decode_target(self, ids: Sequence[int], table: list[str]) -> str:
        """The text of target pieces with the placeholders of `table` back in their slots."""
        text = self.target.decode(ids)
        return unmask(text, table) if self.placeholders else text

    def save(self, folder: Path) -> None:
        """Write `subwords.model`, or one file a language when they are separate."""
        if self.joint:
            self.source.save(folder / _JOINT)
        else:
            self.source.save(folder / _SOURCE)
            self.target.save(folder / _TARGET)

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """Read what `save` wrote; raises InputError naming a missing or damaged file."""
        if (folder / _SOURCE).exists() or (folder / _TARGET).exists():
            source, target = Subwords.load(folder / _SOURCE), Subwords.load(folder / _TARGET)
        else:
            source = target = Subwords.load(folder / _JOINT)
        # Slots are pieces only when training masked placeholders, so the models themselves say it.
        return cls(source, target, source.has_slots)


def _masked(pairs: Iterable[tuple[str, str]], placeholders: bool) -> Iterator[tuple[str, str]]:
    for source, target in pairs:
        if placeholders:
            masked, table = mask(source)
            yield masked, mask_target(target, table)
        else:
            yield source, target
