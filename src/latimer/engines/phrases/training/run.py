"""A run: a recipe and a folder in, a phrase-based model out.

run/recipe.yaml        the recipe, every key written out
run/state/begun.json   checksums of the texts and the recipe: what the state belongs to
run/state/untuned/     the model with its default weights
run/state/tuning.json  the rounds of tuning so far
run/log.jsonl          what was done, and the seconds it took
run/models/best        what `latimer translate` reads
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latimer.engines.phrases.config import PhrasesConfig
from latimer.engines.phrases.engine import PhraseEngine
from latimer.engines.phrases.folder import PhraseModel, load_model, save_model
from latimer.engines.phrases.training.learning import learn
from latimer.engines.phrases.training.rungs import RUNGS
from latimer.engines.phrases.training.tuning import tune_weights
from latimer.engines.text_translator import TextTranslator
from latimer.errors import InputError
from latimer.files import sha256_of, write_atomically
from latimer.formats.parallel import read_parallel
from latimer.metrics.corpus_scores import corpus_scores
from latimer.model.card import model_card
from latimer.model.config import DataFacts, Languages, Scores, TextFacts
from latimer.recipe import dump_recipe
from latimer.recipe.data import TextPair
from latimer.recipe.phrases import PhrasesRecipe
from latimer.search.strategies import Stack
from latimer.statistical.decoder.features import weights_by_name
from latimer.statistical.tuning.loop import Tuned, TuningState
from latimer.text.language import check_languages
from latimer.train.checkpoint.resume_check import flatten, only_one_trains
from latimer.train.loop.interruption import Interrupted, Interruption

Listener = Callable[[dict[str, Any]], None]
"""Called with every line of the log."""


@dataclass(frozen=True)
class Texts:
    """The lines of the texts of a run that are blank on neither side."""

    sources: list[str]
    targets: list[str]

    @classmethod
    def read(cls, files: TextPair) -> Texts:
        """Raises InputError naming the file and line that is wrong."""
        assert files.source is not None
        pairs = [
            (source, target)
            for source, target in zip(*read_parallel(files.source, files.target), strict=True)
            if source.strip() and target.strip()
        ]
        return cls([source for source, _ in pairs], [target for _, target in pairs])


def train(
    recipe: PhrasesRecipe, run: Path, *, on_event: Listener | None = None,
    command: str = "latimer train",
) -> Path:  # fmt: skip
    """Train as `recipe` says in the folder `run`; returns the folder of the model.

    What an interrupted run has finished is not done again, and the model is the same. Raises
    InputError when texts, recipe or state are wrong or belong to another run, `Interrupted` after
    SIGINT or SIGTERM, and LatimerError when the disk refuses.
    """
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{run}: cannot be the run folder: {error.strerror}") from error
    with only_one_trains(run), Interruption() as interruption:
        return _Run(recipe, run, on_event, command, interruption).folder()


class _Run:
    """The steps of a run, each with its result on disk."""

    def __init__(
        self, recipe: PhrasesRecipe, run: Path, listener: Listener | None, command: str,
        interruption: Interruption,
    ) -> None:  # fmt: skip
        languages = recipe.data.source_language, recipe.data.target_language
        if all(languages):
            check_languages(*languages, ("data.source_language", "data.target_language"))
        self.recipe, self.run, self.command = recipe, run, command
        self._listener, self._interruption = listener, interruption
        self._begun, self._cpu = time.monotonic(), time.process_time()
        self._earlier = _earlier_seconds(run / "log.jsonl")

    def folder(self) -> Path:
        """The folder of the model, once all steps are done."""
        best = self.run / "models" / "best"
        if self._resumes() and (best / "config.json").exists():
            return best
        engine = PhraseEngine(self._untuned())
        dev = Texts.read(self.recipe.data.dev)
        tuned = tune_weights(
            engine, self.recipe, dev.sources, dev.targets,
            self.run / "state" / "tuning.json", self._round,
        )  # fmt: skip
        self._log(event="tuned", outcome=tuned.outcome, message=tuned.message)
        self._publish(engine, tuned, dev, best)
        return best

    def _resumes(self) -> bool:
        """Whether there is a state, which must be of this recipe; else one is begun."""
        path = self.run / "state" / "begun.json"
        own = {"recipe": self._settings(), "texts": self._checksums()}
        if path.exists():
            try:
                found = json.loads(path.read_bytes())
                before, texts = flatten(found["recipe"]), found["texts"]
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise InputError(f"{path}: damaged; delete {self.run / 'state'}") from error
            now = flatten(own["recipe"])
            other = [key for key in sorted(now | before) if now.get(key) != before.get(key)]
            if texts != own["texts"]:
                other.append("the texts")
            if other:
                raise InputError(
                    f"{self.run}: a run with other settings ({', '.join(other)}); put these back "
                    "to continue it, or choose another folder for the run"
                )
            return True
        if (self.run / "state").exists():
            raise InputError(f"{self.run}: a run of another kind; choose another folder")
        write_atomically(self.run / "recipe.yaml", _writer(dump_recipe(self.recipe)))
        write_atomically(path, _writer(json.dumps(own, indent=1) + "\n"))
        return False

    def _settings(self) -> dict[str, Any]:
        """All that the model depends on but the texts, whose names do not matter."""
        tree = self.recipe.model_dump(mode="json")
        tree["data"] = {
            key: value for key, value in tree["data"].items() if key.endswith("language")
        }
        return tree

    def _checksums(self) -> dict[str, str]:
        data, sums = self.recipe.data, {}
        for part, files in (("train", data.train), ("dev", data.dev)):
            for side, file in (("source", files.source), ("target", files.target)):
                try:
                    sums[f"{part}.{side}"] = sha256_of(Path(str(file)))
                except OSError as error:
                    raise InputError(f"{file}: cannot be read: {error.strerror}") from error
        return sums

    def _untuned(self) -> PhraseModel:
        """The model with default weights, as it is on disk, so that a resumed run is equal."""
        folder = self.run / "state" / "untuned"
        if not (folder / "config.json").exists():
            train = Texts.read(self.recipe.data.train)
            learnt = learn(self.recipe, train.sources, train.targets, self._step)
            config = self._config(len(train.sources))
            model = PhraseModel(
                learnt.source, learnt.target, learnt.table, learnt.language_model, config
            )
            save_model(folder, model, model_card(config, command=self.command))
            del learnt, model
            self._log(event="learnt", pairs=len(train.sources))
        return load_model(folder)

    def _config(self, pairs: int) -> PhrasesConfig:
        data, rung = self.recipe.data, RUNGS[self.recipe.model.kind]
        assert isinstance(self.recipe.search, Stack)
        return PhrasesConfig(
            model=self.recipe.model.kind,
            weights=dict(rung.weights),
            search=rung.search_of(self.recipe.search),
            languages=Languages(source=data.source_language, target=data.target_language),
            data=DataFacts(
                train=TextFacts(source=data.train.source, target=data.train.target, pairs=pairs)
            ),
        )

    def _publish(self, engine: PhraseEngine, tuned: Tuned, dev: Texts, best: Path) -> None:
        engine.decoder = engine.decoder.with_weights(tuned.weights)
        found = [one.text for one in TextTranslator(engine).translate(dev.sources)]
        scores = corpus_scores(
            found, dev.targets, ("bleu",), language=self.recipe.data.target_language
        )
        seconds = self._earlier + time.monotonic() - self._begun
        config = engine.model.config.model_copy(
            update={
                "weights": weights_by_name(tuned.weights),
                "scores": Scores(
                    dev_bleu=round(scores["bleu"].value, 2), minutes=round(seconds / 60, 2)
                ),
                "data": engine.model.config.data.model_copy(update={"dev": self._dev_facts(dev)}),
            }
        )
        model = engine.model
        model = PhraseModel(model.source, model.target, model.table, model.language_model, config)
        save_model(best, model, model_card(config, command=self.command))
        self._log(event="model", folder=str(best), dev_bleu=config.scores.dev_bleu)

    def _dev_facts(self, dev: Texts) -> TextFacts:
        files = self.recipe.data.dev
        return TextFacts(source=files.source, target=files.target, pairs=len(dev.sources))

    def _step(self, doing: str) -> None:
        self._log(event="step", doing=doing)
        self._check()

    def _round(self, state: TuningState) -> None:
        last = state.rounds[-1]
        self._log(event="round", number=last.number, dev_bleu=round(last.bleu, 2))
        self._check()

    def _check(self) -> None:
        if self._interruption.requested:
            raise Interrupted(
                f"stopped; what is done is kept in {self.run}, and the same command continues"
            )

    def _log(self, **report: Any) -> None:
        line = {
            **report,
            "seconds": round(self._earlier + time.monotonic() - self._begun, 2),
            "cpu_seconds": round(time.process_time() - self._cpu, 2),
        }
        with (self.run / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        if self._listener is not None:
            self._listener(line)


def _earlier_seconds(log: Path) -> float:
    """The seconds of earlier sittings; 0 without a log."""
    try:
        lines = log.read_text("utf-8").splitlines()
        return float(json.loads(lines[-1])["seconds"])
    except (OSError, ValueError, IndexError, KeyError):
        return 0.0


def _writer(text: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_text(text, encoding="utf-8")

    return write
