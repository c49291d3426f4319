"""From raw pairs to train, dev and test in one call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from latimer.errors import InputError
from latimer.formats.pair import Pair
from latimer.text.corpus.clean import REASONS, Cleaned, Cleaning, clean
from latimer.text.corpus.report import Report
from latimer.text.corpus.split import Split, Splitting, rank, split

_REMEDIES = {
    "empty": "look at the columns or languages chosen",
    "too long": "raise max_words or max_characters",
    "length ratio": "raise max_ratio",
    "identical": "set keep_identical, or look at the columns or languages chosen",
}


@dataclass(frozen=True)
class Prepared:
    """A corpus ready for training."""

    train: list[Pair]
    dev: list[Pair]
    test: list[Pair]
    report: Report


def prepare(
    pairs: Iterable[Pair],
    cleaning: Cleaning | None = None,
    splitting: Splitting | None = None,
    skipped: Counter[str] | None = None,
) -> Prepared:
    """Clean, de-duplicate and split; `skipped` is what the readers fill while `pairs` are read.

    Raises InputError when nothing is read, or nothing is left.
    """
    splitting = splitting or Splitting()
    # Of equal pairs the copy least likely to be held out stays: what many components share is
    # worth learning, and tells nothing about unseen text.
    cleaned = clean(
        pairs,
        cleaning or Cleaning(),
        prefer=lambda pair: rank(pair.origin.group, splitting.seed),
    )
    skipped = skipped if skipped is not None else Counter()
    _refuse_emptiness(cleaned, skipped)
    parts = split(cleaned.pairs, splitting)
    return Prepared(parts.train, parts.dev, parts.test, _report(cleaned, skipped, parts))


def _refuse_emptiness(cleaned: Cleaned, skipped: Counter[str]) -> None:
    if not cleaned.read:
        entries = ", ".join(f"{count:,} {reason}" for reason, count in skipped.items())
        raise InputError(
            "the corpus is empty: no translated pair was read"
            + (f" (skipped: {entries})" if entries else "")
        )
    if not cleaned.pairs:
        counts = cleaned.dropped.most_common()
        dropped = ", ".join(
            f"{count:,} {reason} (as {cleaned.examples[reason][0]})" for reason, count in counts
        )
        raise InputError(
            f"no pair is left of {cleaned.read:,} read; dropped: {dropped}; "
            f"{_REMEDIES[counts[0][0]]}"
        )


def _report(cleaned: Cleaned, skipped: Counter[str], parts: Split) -> Report:
    return Report(
        skipped=dict(skipped),
        read=cleaned.read,
        dropped={reason: cleaned.dropped[reason] for reason in REASONS},
        examples={
            reason: [str(origin) for origin in cleaned.examples.get(reason, [])]
            for reason in REASONS
        },
        kept=len(cleaned.pairs),
        groups=len({pair.origin.group for pair in cleaned.pairs} - {""}),
        split_by=parts.by,
        leaks=parts.leaks,
        train=len(parts.train),
        dev=len(parts.dev),
        test=len(parts.test),
    )
