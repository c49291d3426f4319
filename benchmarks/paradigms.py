"""Which way of translating is best, on which text and with how much of it?

On each text the paradigms are compared as `latimer compare` does, on its test set: copying, rules,
word for word, the noisy channel, phrases, and networks from the perceptron to attention, after
reward, and combined with phrases. A second table has phrases, network and their combination for
the first so many pairs of train.

    python -m benchmarks run paradigms --data MULTI30K --text CORPUS --work FOLDER

A CORPUS is a folder that `latimer corpus` has written; the text is called as its folder.
Translators that are missing are trained, one after the other, each on one core. What is finished is
kept in the work folder, and training that was interrupted goes on. `--given TEXT/PARADIGM=MODEL`
takes a model folder from elsewhere; with `--given TEXT-1000/PARADIGM=MODEL` for the first 1,000
pairs. With `--untrained PARADIGM` one is left out, and the table says so. `--write` writes the
tables of the page from everything that the work folder holds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from benchmarks import paradigm_tables, tables
from benchmarks.multi30k_quality import write_text
from benchmarks.paradigm_models import PARADIGMS, Corpus, Made, Missing, Workshop
from benchmarks.paradigm_tables import Source
from latimer.compare.as_json import as_dict
from latimer.compare.report import Question, compare
from latimer.compare.statistics import Draws
from latimer.compare.store import Store
from latimer.compare.systems import System, read_system
from latimer.compare.translated import Ways
from latimer.compare.work import translate_all
from latimer.files import read_lines
from latimer.model.config import Languages

MULTI30K = "multi30k"
SIZES = (1000, 3000, 5000)
BY_SIZE = ("phrases", "attention", "combined")
"""The paradigms of the table of sizes."""


def main(arguments: list[str] | None = None) -> None:
    """Make what is missing, compare, print the tables and perhaps write them."""
    options = parse(arguments)
    torch.set_num_threads(1)
    given = given_models(options.given)
    for corpus in corpora(options):
        measure(corpus, list(PARADIGMS), given.pop(corpus.name, {}), options)
        for size in options.sizes:
            name = f"{corpus.name}-{size}"
            if size < corpus.pairs:
                shorter = corpus.first(size, options.work / name / "text")
                measure(shorter, list(BY_SIZE), given.pop(name, {}), options)
    if given:
        print(f"--given {next(iter(given))}: no such text", file=sys.stderr)
    made = paradigm_tables.all_tables(results(options.work), Source.here(options.note))
    for name, table in made.items():
        print(f"## {name}\n{tables.rendered(table)}")
        if options.write:
            text = json.dumps(table, indent=1, ensure_ascii=False) + "\n"
            (tables.RESULTS / "data" / f"{name}.json").write_text(text, encoding="utf-8")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, metavar="MULTI30K", help="folder with Multi30k")
    parser.add_argument(
        "--text", type=Path, action="append", default=[], metavar="CORPUS",
        help="folder of latimer corpus; may be given several times",
    )  # fmt: skip
    parser.add_argument("--work", type=Path, required=True, help="folder for models and results")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=SIZES, metavar="PAIRS",
        help="pairs of the smaller texts, none for no such table (default: 1000 3000 5000)",
    )  # fmt: skip
    parser.add_argument("--given", action="append", default=[], metavar="TEXT/PARADIGM=MODEL")
    parser.add_argument(
        "--untrained", action="append", default=[], choices=list(PARADIGMS), metavar="PARADIGM",
        help=f"one of {'; '.join(PARADIGMS)}",
    )  # fmt: skip
    parser.add_argument("--minutes", type=float, help="of each network, not those of the recipe")
    parser.add_argument("--reward-minutes", type=float, default=10.0)
    parser.add_argument("--trials", type=int, default=10_000, help="of randomisation")
    parser.add_argument("--note", help="what a reader must know of these figures")
    parser.add_argument("--write", action="store_true", help="write the tables of the page")
    return parser.parse_args(arguments)


def given_models(words: list[str]) -> dict[str, dict[str, str]]:
    """By text and paradigm, the models of `--given`."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for word in words:
        place, equals, model = word.partition("=")
        text, slash, paradigm = place.partition("/")
        if not (equals and slash and paradigm in PARADIGMS):
            sys.exit(f"--given {word}: TEXT/PARADIGM=MODEL is expected")
        found[text][paradigm] = model
    return found


def corpora(options: argparse.Namespace) -> Iterator[Corpus]:
    """The texts of the command line."""
    if options.data:
        files = write_text(options.data, options.work / MULTI30K / "text", "en", "de")
        yield Corpus(MULTI30K, ("en", "de"), files)
    yield from map(Corpus.written, options.text)


def measure(
    corpus: Corpus, names: list[str], given: dict[str, str], options: argparse.Namespace
) -> None:
    """Make and compare translators of one text; what was found goes to `results/TEXT.json`."""
    folder = options.work / corpus.name
    shop = Workshop(
        corpus, folder, given, frozenset(options.untrained), options.minutes,
        options.reward_minutes,
    )  # fmt: skip
    found = {name: shop.made(name) for name in names}
    made = {name: one for name, one in found.items() if isinstance(one, Made)}
    if not made:
        return
    report = compared(corpus, made, folder / "outputs", options.trials)
    for row in report["systems"]:
        cost = made[row["name"]]
        row |= {"minutes": cost.minutes, "cpu_minutes": cost.cpu_minutes}
    kept = {
        key: report[key] for key in ("sentences", "languages", "signatures", "draws", "systems")
    }
    missing = {name: one.why for name, one in found.items() if isinstance(one, Missing)}
    facts = {
        "text": corpus.name, "of": corpus.name if len(names) > len(BY_SIZE) else parent(corpus),
        "train": corpus.pairs, **kept,
        "pairs": [one for one in report["pairs"] if one["metric"] == "bleu"], "missing": missing,
    }  # fmt: skip
    path = options.work / "results" / f"{corpus.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def parent(corpus: Corpus) -> str:
    """The name of the text that a smaller one was cut from."""
    return corpus.name.rpartition("-")[0]


def compared(corpus: Corpus, made: dict[str, Made], outputs: Path, trials: int) -> dict[str, Any]:
    """What `latimer compare --json` says of the translators; outputs are kept and used again."""
    source, target = (list(read_lines(path)) for path in corpus.files["test"])
    systems = [System(name, read_system(one.system).members) for name, one in made.items()]
    store = Store(outputs, {}, reuse=True)
    store.check()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    translated = translate_all(systems, source, Ways(), store, console)
    question = Question(draws=Draws(trials=trials), languages=Languages(**dict(
        zip(("source", "target"), corpus.languages, strict=True)
    )))  # fmt: skip
    return as_dict(compare(source, target, translated, question))


def results(work: Path) -> list[dict[str, Any]]:
    """Everything that was measured in a work folder."""
    return [json.loads(path.read_bytes()) for path in sorted((work / "results").glob("*.json"))]


if __name__ == "__main__":
    main()
