"""How the gap between a fixed vector and attention grows with the length of the sentence.

BLEU falls with length for every network, and its differences with it; so the gap is measured in
nats as well: what a target piece costs each model under teacher forcing, by classes of the source's
length. `--join K` also asks about sentences longer than any caption: K lines in a row as one.
Models are folders, the first being what the others are compared with.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.common import markdown_table
from benchmarks.network_matrix import LENGTHS
from latimer.engines.neural import load
from latimer.engines.scoring import TextScore, score_texts
from latimer.files import read_lines
from latimer.metrics.corpus_scores import corpus_scores
from latimer.model import load_model

RESAMPLES = 1000


def main() -> None:
    """Score every model, then print a table of nats and one of BLEU."""
    options = parse()
    torch.set_num_threads(1)
    sources, references = (list(read_lines(path)) for path in (options.source, options.reference))
    asked = [(1, sources, references)]
    for count in options.join:
        asked.append((count, joined(sources, count), joined(references, count)))
    for count, source, reference in asked:
        print(f"\n{count} lines as one:" if count > 1 else "Lines as they are:")
        show(options.models, source, reference, [(1, 1000)] if count > 1 else LENGTHS)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path, help="model folders")
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--join", type=int, nargs="*", default=[], metavar="K")
    return parser.parse_args()


def joined(lines: Sequence[str], count: int) -> list[str]:
    """Every `count` lines in a row as one; what is left over at the end is left out."""
    whole = range(0, len(lines) - count + 1, count)
    return [" ".join(lines[start : start + count]) for start in whole]


def show(
    models: Sequence[Path],
    sources: list[str],
    references: list[str],
    classes: Sequence[tuple[int, int]],
) -> None:
    """Nats a piece of each class, the difference to the first model, and BLEU with beam 5."""
    words = [len(text.split()) for text in sources]
    rows = [[k for k, n in enumerate(words) if a <= n <= b] for a, b in classes]
    names = [f"{a}–{b} words" if b < 1000 else f"{a} words and more" for a, b in classes]
    nats, bleu = [], []
    first: list[TextScore] = []
    for folder in models:
        scores = score_texts(load_model(folder), references, sources)
        first = first or scores
        cells = []
        for some in rows:
            cell = f"{cost(scores, some):.2f}"
            if scores is not first:
                low, high = interval(first, scores, some)
                gap = cost(scores, some) - cost(first, some)
                cell += f" ({gap:+.2f}, {low:+.2f} to {high:+.2f})"
            cells.append(cell)
        nats.append([str(folder), *cells])
        texts = [t.text for t in load(folder).translate(sources, beam=5)]
        bleu.append([str(folder), *(f"{score(texts, references, some):.1f}" for some in rows)])
    print("\n" + markdown_table(["nats a piece", *names], nats))
    print("\n" + markdown_table(["BLEU, beam 5", *names], bleu))


def cost(scores: Sequence[TextScore], rows: Sequence[int]) -> float:
    """Nats a piece of the texts in `rows`."""
    return -sum(scores[k].log_prob for k in rows) / sum(scores[k].pieces for k in rows)


def interval(
    one: Sequence[TextScore], two: Sequence[TextScore], rows: Sequence[int]
) -> tuple[float, float]:
    """The middle 95 % of the difference in `cost` over resampled sentences (Efron 1979)."""
    chance, found = random.Random(1), []
    for _ in range(RESAMPLES):
        some = chance.choices(rows, k=len(rows))
        found.append(cost(two, some) - cost(one, some))
    cuts = statistics.quantiles(found, n=40)
    return cuts[0], cuts[-1]


def score(texts: Sequence[str], references: Sequence[str], rows: Sequence[int]) -> float:
    """Corpus BLEU of the texts in `rows`."""
    chosen = [texts[k] for k in rows], [references[k] for k in rows]
    return corpus_scores(*chosen, ("bleu",), language="de")["bleu"].value


if __name__ == "__main__":
    main()
