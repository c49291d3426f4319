"""The translators of every paradigm on one text: found in the work folder, given, or trained.

Each is made by the command that a user would type, in a process of its own. What came of it is
kept in `NAME.json`, so that finished work is not done again; an interrupted training goes on.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.multi30k_quality import best_model
from latimer.engines.rules.examples import copy_example, example_names
from latimer.files import read_lines
from latimer.text.corpus.written import open_written

NETWORKS = {"perceptron": "perceptron", "fixed vector": "cho2014-small", "attention": "small"}
"""Networks, and the recipe of each."""
STATISTICAL = {
    "word for word": ("brown1993", "word_for_word"),
    "noisy channel of words": ("brown1993", "noisy_channel_words"),
    "noisy channel of phrases": ("brown1993", "noisy_channel_phrases"),
    "phrases": ("koehn2003", "log_linear"),
}
"""Models of words and phrases: recipe and `model.kind`."""
APERTIUM_PAIRS = {f"en-{code}" for code in ("ca", "eo", "es", "gl")}


@dataclass(frozen=True)
class Corpus:
    """A text to learn from and to be tested on.

    languages: codes of source and target; files: (source, target) by `train`, `dev`, `test`.
    """

    name: str
    languages: tuple[str, str]
    files: dict[str, tuple[Path, Path]]

    @classmethod
    def written(cls, folder: Path) -> Corpus:
        """What `latimer corpus` has written, called as its folder."""
        found = open_written(folder)
        if "test" not in found.files:
            sys.exit(f"{folder}: no test text; run latimer corpus without --test 0")
        languages = found.source_language, found.target_language
        return cls(folder.name, languages, found.files)

    @property
    def pairs(self) -> int:
        """Pairs of sentences to learn from."""
        return sum(1 for _ in read_lines(self.files["train"][0]))

    def first(self, pairs: int, folder: Path) -> Corpus:
        """The same with the first `pairs` of train alone, which are written into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        shorter = []
        for path, code in zip(self.files["train"], self.languages, strict=True):
            lines = list(read_lines(path))[:pairs]
            shorter.append(folder / f"train.{code}")
            shorter[-1].write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        files = {**self.files, "train": (shorter[0], shorter[1])}
        return Corpus(f"{self.name}-{pairs}", self.languages, files)

    def settings(self) -> list[str]:
        """The options of `latimer train` that name the files and the languages."""
        words = []
        for side, place in (("source", 0), ("target", 1)):
            words += [f"--set=data.{side}_language={self.languages[place]}"]
            words += [
                f"--set=data.{part}.{side}={self.files[part][place]}" for part in ("train", "dev")
            ]
        return words


@dataclass(frozen=True)
class Made:
    """A translator, as `latimer compare` takes it, and what training took.

    minutes, cpu_minutes: of training, those of its parts included; None where it is not known.
    parts: the systems that it was made from.
    """

    system: str
    minutes: float | None = 0.0
    cpu_minutes: float | None = 0.0
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Missing:
    """A translator that there is not, and why."""

    why: str


class NotMade(Exception):
    """A translator cannot be made; the message says why."""


@dataclass
class Workshop:
    """Makes the translators of one text in a folder.

    given: model folders by paradigm, used as they are; untrained: paradigms that are left out;
    minutes: of training of each network, None for those of the recipe; reward_minutes: of
    `latimer improve`.
    """

    corpus: Corpus
    folder: Path
    given: dict[str, str] = field(default_factory=dict)
    untrained: frozenset[str] = frozenset()
    minutes: float | None = None
    reward_minutes: float = 10.0

    def made(self, name: str) -> Made | Missing:
        """The translator of that paradigm, a name of `PARADIGMS`."""
        try:
            return self.get(name)
        except NotMade as reason:
            return Missing(str(reason))

    def get(self, name: str) -> Made:
        """The same; raises NotMade."""
        if name in self.given:
            model = Path(self.given[name])
            if not (model / "config.json").is_file():
                raise NotMade("not trained")
            return Made(str(model), *training_cost(model))
        if name in self.untrained:
            raise NotMade("not trained")
        return PARADIGMS[name](self, name)

    def kept(self, name: str, parts: tuple[str, ...] = ()) -> Made | None:
        """What was made before, of the same parts."""
        path = self._place(name).with_suffix(".json")
        if not path.exists():
            return None
        fields = json.loads(path.read_bytes())
        found = Made(**{**fields, "parts": tuple(fields["parts"])})
        return found if found.parts == parts and Path(found.system).exists() else None

    def keep(self, name: str, made: Made) -> Made:
        """Note what was made."""
        path = self._place(name).with_suffix(".json")
        path.write_text(json.dumps(asdict(made), indent=1) + "\n", encoding="utf-8")
        return made

    def place(self, name: str) -> Path:
        """The folder of a translator."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self._place(name)

    def _place(self, name: str) -> Path:
        return self.folder / name.replace(" ", "-").replace(",", "")


def copying(shop: Workshop, name: str) -> Made:
    """The source itself."""
    return Made("copy")


def example_rules(shop: Workshop, name: str) -> Made:
    """The example of a rule system that comes with Latimer; unknown words are kept."""
    pair = "-".join(shop.corpus.languages)
    if pair not in example_names():
        raise NotMade("no example")
    folder = shop.place(name)
    if not folder.exists():
        copy_example(pair, folder)
        keep_unknown(folder)
    return Made(str(folder))


def drafted_rules(shop: Workshop, name: str) -> Made:
    """Rules drafted from the text, by `latimer rules draft`; unknown words are kept."""
    known = shop.kept(name)
    if known:
        return known
    folder = shop.place(name)
    shutil.rmtree(folder, ignore_errors=True)
    source, target = shop.corpus.languages
    words = ["rules", "draft", *map(str, shop.corpus.files["train"]), "--out", str(folder)]
    cost = run([*words, "--source", source, "--target", target], shop.place(name + " log"))
    keep_unknown(folder)
    return shop.keep(name, Made(str(folder), *cost))


def apertium(shop: Workshop, name: str) -> Made:
    """Debian's Apertium, where it has the pair and is installed."""
    from latimer.engines.registry import load
    from latimer.errors import InputError

    pair = "-".join(shop.corpus.languages)
    if pair not in APERTIUM_PAIRS:
        raise NotMade("no such pair")
    try:
        load(f"apertium:{pair}").close()
    except InputError as error:
        raise NotMade("not installed") from error
    return Made(f"apertium:{pair}")


def statistical(shop: Workshop, name: str) -> Made:
    """A model of words or phrases, by `latimer train`."""
    recipe, kind = STATISTICAL[name]
    return trained(shop, name, recipe, [f"--set=model.kind={kind}"])


def network(shop: Workshop, name: str) -> Made:
    """A network, by `latimer train`, on one thread."""
    minutes = [] if shop.minutes is None else [f"--set=training.max_minutes={shop.minutes}"]
    return trained(shop, name, NETWORKS[name], ["--set=training.threads=1", *minutes])


def trained(shop: Workshop, name: str, recipe: str, words: Sequence[str]) -> Made:
    """What `latimer train` makes; a run that was stopped goes on."""
    known = shop.kept(name)
    if known:
        return known
    place = shop.place(name)
    words = ["train", recipe, "--run", str(place), "--quiet", *shop.corpus.settings(), *words]
    run(words, shop.place(name + " log"))
    model = best_model(place)
    return shop.keep(name, Made(str(model), *training_cost(model)))


def rewarded(shop: Workshop, name: str) -> Made:
    """The network with attention after `latimer improve`."""
    start = shop.get("attention")
    known = shop.kept(name, (start.system,))
    if known:
        return known
    place = shop.place(name)
    corpus = [*shop.corpus.settings(), "--set=training.threads=1"]
    words = ["improve", start.system, "--run", str(place), "--quiet", *corpus]
    run([*words, "--minutes", str(shop.reward_minutes)], shop.place(name + " log"))
    model = best_model(place)
    cost = added(training_cost(model), start)
    return shop.keep(name, Made(str(model), cost[0], cost[1], (start.system,)))


def combined(shop: Workshop, name: str) -> Made:
    """The network with attention and the phrases, by `latimer combine` on dev."""
    parents = shop.get("attention"), shop.get("phrases")
    parts = tuple(parent.system for parent in parents)
    known = shop.kept(name, parts)
    if known:
        return known
    place = shop.place(name)
    shutil.rmtree(place, ignore_errors=True)
    dev = map(str, shop.corpus.files["dev"])
    words = ["combine", *parts, "--dev", *dev, "--out", str(place), "--quiet", "--threads", "1"]
    cost = added(run(words, shop.place(name + " log")), *parents)
    return shop.keep(name, Made(str(place), cost[0], cost[1], parts))


PARADIGMS: dict[str, Callable[[Workshop, str], Made]] = {
    "copying": copying,
    "rules, example": example_rules,
    "rules, drafted": drafted_rules,
    "Apertium": apertium,
    **dict.fromkeys(STATISTICAL, statistical),
    **dict.fromkeys(NETWORKS, network),
    "attention, after reward": rewarded,
    "combined": combined,
}
"""Every paradigm, and what makes its translator."""


def run(words: Sequence[str], log: Path) -> tuple[float, float]:
    """Run `latimer` with one thread; returns minutes and CPU minutes.

    Its messages go to `log`, the last of which is the reason if it fails (NotMade).
    """
    print(f"{time.strftime('%H:%M:%S')} latimer {' '.join(words[:4])} …", file=sys.stderr)
    command = [sys.executable, "-m", "latimer.cli", *words]
    begun = time.perf_counter()
    with log.open("wb") as messages:
        one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(command, stdout=messages, stderr=messages, env=one_thread)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode == -2:
        raise KeyboardInterrupt
    if process.returncode:
        last = log.read_text("utf-8", errors="replace").strip().split("\n")[-1]
        print(f"{words[0]}: {last}", file=sys.stderr)
        raise NotMade("failed")
    return (time.perf_counter() - begun) / 60, (usage.ru_utime + usage.ru_stime) / 60


def training_cost(model: Path) -> tuple[float | None, float | None]:
    """Minutes and CPU minutes of the run that a model is in, from its log; None if not known."""
    log = model.parent.parent / "log.jsonl"
    if model.parent.name != "models" or not log.exists():
        return None, None
    events = [json.loads(line) for line in read_lines(log)]
    phrases = any("cpu_seconds" in event for event in events)
    cpu = cpu_of_phrases(events) if phrases else cpu_of_network(events)
    return events[-1]["seconds"] / 60, None if cpu is None else cpu / 60


def cpu_of_phrases(events: Sequence[dict[str, Any]]) -> float:
    """CPU seconds of a phrase-based model; each sitting counts from 0."""
    earlier, last = 0.0, 0.0
    for event in events:
        now = event["cpu_seconds"]
        earlier, last = earlier + (last if now < last else 0.0), now
    return earlier + last


def cpu_of_network(events: Sequence[dict[str, Any]]) -> float | None:
    """CPU seconds of a network: at its end, a sitting notes how many cores it had, on average.

    None if a sitting was stopped before it could.
    """
    begun: list[float] = []
    total, noted = 0.0, 0
    for event in events:
        if event["kind"] == "start" and begun[-1:] != [event["seconds"]]:
            begun.append(event["seconds"])
        if event.get("cores") is not None:
            total += event["cores"] * (event["seconds"] - begun[-1])
            noted += 1
    return total if noted == len(begun) else None


def added(own: tuple[float | None, float | None], *parts: Made) -> list[float | None]:
    """The minutes and CPU minutes of a step and of its parts together."""
    rows = [own, *((part.minutes, part.cpu_minutes) for part in parts)]
    return [
        None if None in column else sum(value for value in column if value is not None)
        for column in zip(*rows, strict=True)
    ]


def keep_unknown(folder: Path) -> None:
    """Have a rule system write unknown words as they are, without a mark."""
    path = folder / "config.json"
    config = {**json.loads(path.read_bytes()), "unknown": "keep"}
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
