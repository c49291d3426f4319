"""Ensembles, fusion, rules and drawing from a language model, through folders and the command."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
import torch
from command import complaint, in_process
from command import latimer as run
from safetensors.torch import load_file

import latimer
from asking import asked
from latimer.commands.improve import improve
from latimer.errors import InputError
from latimer.model.folder import load_critic
from latimer.recipe import load_recipe
from latimer.text.vocabulary.subwords import EOS
from latimer.train.run.run import train

FEW = ["training.warmup=0", "training.cooldown=0", "training.max_minutes=", "training.threads=1"]
FEW += ["training.precision=fp32", "training.max_updates=6", "training.batch_tokens=200"]
FEW += ["constraints.max_length=8"]
SMALL = [f"model.{part}=16" for part in ("embedding", "encoder_size", "attention_size", "readout")]
SMALL += ["model.decoder_size=24", "subwords.size=40", "training.learning_rate=1e-2"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    random.seed(1)
    names = {"one": "A", "two": "B", "three": "C", "four": "D", "five": "E"}
    rows = [random.choices(list(names), k=random.randint(1, 5)) for _ in range(200)]
    lines = [(" ".join(row), " ".join(names[word] for word in row)) for row in rows]
    settings = [*FEW, *SMALL]
    for k, side in enumerate(("source", "target")):
        for part, rows in (("train", lines), ("dev", lines[:10])):
            (folder / f"{part}.{side}").write_text("".join(f"{row[k]}\n" for row in rows))
            settings.append(f"data.{part}.{side}={folder / part}.{side}")
    made = {"first": train(load_recipe("tiny", settings), folder / "first")}
    shared = [*settings, f"subwords.model={made['first']}"]
    made["second"] = train(load_recipe("tiny", [*shared, "seed=2"]), folder / "second")
    made["foreign"] = train(
        load_recipe("tiny", [*settings, "subwords.kind=char"]), folder / "foreign"
    )
    lm = [s for s in shared if ".source=" not in s]
    made["lm"] = train(load_recipe("language_model", lm), folder / "lm")
    return made


TEXTS = ["one two three", "five", "two two four one"]


def test_an_ensemble_translates(models: dict[str, Path]) -> None:
    both = latimer.load(models["first"], ensemble=[models["second"]])
    found = [t.text for t in both.translate(TEXTS)]
    again = [
        t.text for t in latimer.load(models["second"], ensemble=[models["first"]]).translate(TEXTS)
    ]
    assert found == again
    twice = latimer.load(models["first"], ensemble=[models["first"]])
    alone = latimer.load(models["first"], shortlist="off")
    assert [t.text for t in twice.translate(TEXTS)] == [t.text for t in alone.translate(TEXTS)]


def fused(models: dict[str, Path], weight: float) -> latimer.Translator:
    return latimer.load(models["first"], language_model=models["lm"], language_model_weight=weight)


def test_fusion_with_weight_nought_changes_nothing(models: dict[str, Path]) -> None:
    alone = latimer.load(models["first"], shortlist="off").translate(TEXTS)
    nothing = fused(models, 0.0).translate(TEXTS)
    assert [t.text for t in alone] == [t.text for t in nothing]
    heavy = fused(models, 2.0).translate(TEXTS)
    assert [t.score for t in heavy] != [t.score for t in alone]


def test_other_vocabularies_are_refused(models: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="different vocabularies") as caught:
        latimer.load(models["first"], ensemble=[models["foreign"]])
    assert str(models["first"]) in str(caught.value)
    assert str(models["foreign"]) in str(caught.value)
    with pytest.raises(InputError, match="another vocabulary"):
        latimer.load(models["foreign"], language_model=models["lm"])
    with pytest.raises(InputError, match="a translator, but a language model is needed"):
        latimer.load(models["first"], language_model=models["second"])


def test_rules_hold(models: dict[str, Path]) -> None:
    translator = latimer.load(models["first"])
    for text in translator.translate(TEXTS, **asked(prefix="C A")):
        assert text.text.startswith("C A")
    for text in translator.translate(TEXTS, **asked(no_repeat=1)):
        assert len(set(text.text.split())) == len(text.text.split())
    with pytest.raises(InputError, match="min_length is 5; it does not fit into max_length 3"):
        translator.translate(TEXTS, **asked(min_length=5, max_length=3))
    with pytest.raises(InputError, match="do not fit into max_length 2"):
        translator.translate(TEXTS, **asked(prefix="A B C D", max_length=2))


def test_the_commands(models: dict[str, Path], tmp_path: Path) -> None:
    source = tmp_path / "text"
    source.write_text("".join(f"{text}\n" for text in TEXTS))
    first, second, lm = (str(models[name]) for name in ("first", "second", "lm"))
    found = run(
        "translate", first, str(source), "--set", f"engine.ensemble={second}",
        "--set", f"engine.language_model={lm}", "--prefix", "B",
    )  # fmt: skip
    assert found.returncode == 0
    assert [line[0] for line in found.stdout.decode().splitlines()] == ["B"] * 3
    given = ("sample", lm, "--count", "5", "--seed", "3", "--prefix", "D E")
    drawn = [command(*given) for command in (run, in_process)]
    assert drawn[0].returncode == 0
    assert drawn[0].stdout == drawn[1].stdout
    assert len(drawn[0].stdout.splitlines()) == 5
    assert all(line.startswith(b"D E") for line in drawn[0].stdout.splitlines())
    assert f"`latimer translate {first} --sample` draws" in complaint(run("sample", first), 2)


@pytest.fixture(scope="module")
def improved(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model folders of runs whose critics read the source, or references."""
    made = {}
    for reads in ("source", "reference"):
        run_folder = tmp_path_factory.mktemp(reads) / "run"
        improve(
            models["first"], run_folder, objective="actor_critic", quiet=True,
            overrides=[*FEW, f"critic.reads={reads}", "critic.pretraining=0", "critic.size=8"],
        )  # fmt: skip
        made[reads] = run_folder / "models"
    return made


def test_a_run_keeps_a_critic_of_the_source(
    models: dict[str, Path], improved: dict[str, Path]
) -> None:
    folder = improved["source"] / "critic"
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors", ".model", ".md"}
    newest = max((improved["source"].parent / "state").iterdir())
    trained = load_file(newest / "critic.safetensors")
    kept = load_critic(folder).network.state_dict()
    names = [name for name in kept if f"network.{name}" in trained]  # tied ones have several
    assert len(names) > 10
    going_on = torch.ones(len(kept["output.bias"]), 1).index_fill(0, torch.tensor(EOS), 0.0)
    common = {
        "output.weight": going_on * trained["common_weight"],
        "output.bias": going_on[:, 0] * trained["common_bias"],
    }
    for name in names:
        assert kept[name].equal(trained[f"network.{name}"] + common.get(name, 0.0))
    assert float(kept["output.weight"].abs().max()) > 0
    assert not (improved["reference"] / "critic").exists()


def test_a_critic_is_no_translator(models: dict[str, Path], improved: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="a critic, but a translator is needed"):
        latimer.load(improved["source"] / "critic")
    with pytest.raises(InputError, match="a translator, but a critic is needed"):
        load_critic(models["second"])


def test_other_languages_are_refused(models: dict[str, Path], tmp_path: Path) -> None:
    def speaking(name: str, source: str, target: str) -> Path:
        folder = shutil.copytree(models[name], tmp_path / f"{name}-{source}-{target}")
        config = json.loads((folder / "config.json").read_bytes())
        config["languages"] = {"source": source, "target": target}
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    there = speaking("first", "en", "de")
    latimer.load(there, ensemble=[speaking("second", "en", "de")])
    latimer.load(there, ensemble=[models["second"]])  # which does not say
    with pytest.raises(InputError, match="source language of a model of the ensemble is de, that"):
        latimer.load(there, ensemble=[speaking("second", "de", "en")])
    latimer.load(there, language_model=speaking("lm", "", "de"))
    with pytest.raises(InputError, match="target language of the language model is en, that of"):
        latimer.load(there, language_model=speaking("lm", "", "en"))
