"""Does a critic help search? BLEU guided by the values of one that reads the source, and without.

Each weight is tried on dev with the beam that is asked for; the best there is then scored once on
test, beside the translator alone. p is that of a paired bootstrap resampling (sacreBLEU, 1,000
samples) on test.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest, Result

from benchmarks.common import machine_facts, markdown_table
from latimer.engines.neural import load
from latimer.files import read_lines
from latimer.metrics.corpus_scores import corpus_scores

WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


def main() -> None:
    """Choose on dev, report on test."""
    options = parse()
    torch.set_num_threads(1)
    texts = {
        (part, side): list(read_lines(options.text / f"{part}.{side}"))
        for part in ("dev", "test")
        for side in (options.source, options.target)
    }
    weights = sorted({0.0, *(options.weight or WEIGHTS)})
    tables = []
    for beam in options.beam or (1, 5):

        def written(part: str, weight: float, beam: int = beam) -> list[str]:
            translator = load(options.model, critic=options.critic, critic_weight=weight)
            source = texts[part, options.source]
            return [found.text for found in translator.translate(source, beam=beam)]

        def bleu(part: str, translations: list[str]) -> float:
            references = texts[part, options.target]
            scores = corpus_scores(translations, references, ("bleu",), language=options.target)
            return scores["bleu"].value

        dev = {}
        for weight in weights:
            dev[weight] = bleu("dev", written("dev", weight))
            print(f"beam {beam}, weight {weight:g}: dev {dev[weight]:.2f}", file=sys.stderr)
        best = max(weights, key=lambda weight: dev[weight])  # of equals the smallest
        alone = written("test", 0.0)
        guided = alone if best == 0 else written("test", best)
        p = significance(alone, guided, texts["test", options.target])
        shown = [dev[0.0], best, dev[best], bleu("test", alone), bleu("test", guided)]
        tables.append([beam, *(f"{value:.2f}" for value in shown), p])
        print(markdown_table([str(w) for w in weights], [[f"{dev[w]:.2f}" for w in weights]]))
    print("; ".join(f"{key}: {value}" for key, value in machine_facts().items()) + "\n")
    header = ["beam", "dev, alone", "weight", "dev, guided", "test, alone", "test, guided", "p"]
    print(markdown_table(header, tables))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="translator")
    parser.add_argument("--critic", type=Path, required=True, help="folder of its critic")
    parser.add_argument("--text", type=Path, required=True, help="folder with dev.en, test.en, …")
    parser.add_argument("--source", default="en", help="language of the source")
    parser.add_argument("--target", default="de", help="language of the references")
    parser.add_argument("--beam", type=int, action="append", help="by default 1 and 5")
    parser.add_argument("--weight", type=float, action="append", help=f"by default {WEIGHTS}")
    return parser.parse_args()


def significance(alone: Sequence[str], guided: Sequence[str], references: list[str]) -> str:
    """P of the paired bootstrap; nothing where both are the same."""
    if list(alone) == list(guided):
        return ""
    sides: list[tuple[str, Sequence[str]]] = [("alone", alone), ("guided", guided)]
    test = PairedTest(
        sides, {"BLEU": BLEU()}, references=[references], test_type="bs", n_samples=1000
    )
    second = test()[1]["BLEU"][1]
    return f"{second.p_value:.3f}" if isinstance(second, Result) else ""


if __name__ == "__main__":
    main()
