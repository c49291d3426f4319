"""IBM model 1 and the HMM alignment model of sil-thot; runs in an environment of its own.

Reads tokenised text (words apart by single spaces) from `source` and `target`, trains on all of
it, and writes the Viterbi links of the first `--count` sentences, one line each, to `ibm1` and
`hmm` in `out`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def main() -> None:
    """Train model 1, then the HMM that starts from it, five iterations each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, required=True)
    options = parser.parse_args()
    from thot import alignment  # type: ignore[import-not-found]

    texts = [
        [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        for path in (options.source, options.target)
    ]
    first = alignment.Ibm1AlignmentModel()
    for source, target in zip(*texts, strict=True):
        first.add_sentence_pair(source, target)
    iterate(first)
    second = alignment.HmmAlignmentModel(first)
    iterate(second)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, model in (("ibm1", first), ("hmm", second)):
        lines = (
            links(model, source, target)
            for source, target in zip(*(side[: options.count] for side in texts), strict=True)
        )
        (options.out / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def iterate(model: Any) -> None:
    """Five iterations of expectation maximisation."""
    model.start_training()
    for _ in range(5):
        model.train()
    model.end_training()


def links(model: Any, source: list[str], target: list[str]) -> str:
    """The best links of a pair, `i-j` with i in the source."""
    _, matrix = model.get_best_alignment(source, target)
    cells = ((i, j) for i in range(len(source)) for j in range(len(target)))
    return " ".join(f"{i}-{j}" for i, j in cells if matrix[i, j])


if __name__ == "__main__":
    main()
