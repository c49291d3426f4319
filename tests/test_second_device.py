"""Nothing stays behind on the CPU when another device is asked for.

The device is that of `elsewhere`: it refuses tensors of two places, and computes what the CPU does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import elsewhere
from asking import asked, channel_of
from latimer.analysis.gradients import source_gradients
from latimer.analysis.search_errors import Sentences, analyse_search
from latimer.engines.neural.engine import NeuralEngine, Working
from latimer.engines.neural.environment import finite_mdp
from latimer.engines.neural.noisy_channel import NoisyChannel
from latimer.engines.neural.sampling import draw_sentences
from latimer.engines.neural.scoring import score_texts
from latimer.engines.registry import load
from latimer.model.card import model_card
from latimer.model.folder import load_model, save_model
from latimer.recipe import build_recipe, objectives
from latimer.rl.deep import ALGORITHMS
from latimer.rl.deep import train as learn
from latimer.search.strategies import Beam, DiverseBeam, Exact, MinimumBayesRisk, Sampling
from latimer.text.vocabulary.subwords import EOS
from latimer.train.run.run import train
from networks import NETWORKS, fitting_keys
from selection import few
from tiny_model import SIZES, sentences, speaking, tiny_model, tiny_vocabulary
from train.task import recipe_tree, reports, write_task

pytestmark = pytest.mark.skipif(
    not elsewhere.AVAILABLE, reason="this PyTorch lets no Python be a device"
)
PLACES = ("cpu", elsewhere.NAME)
OBJECTIVES: dict[str, dict[str, Any]] = {
    "scheduled sampling": {"kind": "scheduled_sampling"},
    "minimum risk": {"kind": "minimum_risk", "temperature": 0.5},
    "mixer": {"kind": "mixer"},
    "ppo": {"kind": "ppo"},
    **{
        f"reinforce, {baseline}": {"kind": "reinforce", "baseline": baseline}
        for baseline in ("running_mean", "self_critical", "to_go", "learned")
    },
    "every reward": {
        "kind": "reinforce",
        "reward": "bleu + balanced_bleu + gleu + edits + chrf + ter + word_bleu + word_edits",
    },
}  # fmt: skip
CRITICS: dict[str, dict[str, Any]] = {
    "paper": {},
    "lambda return": {"target": "lambda_return"},
    "corrected": {"target": "q_learning", "gradient": "corrected"},
    "reads the source": {"target": "sarsa", "gradient": "drawn", "reads": "source"},
}
WAYS: dict[str, dict[str, Any]] = {
    "greedy": {"beam": 1},
    "beam": {"beam": 4, "nbest": 3},
    "near": {"beam": 4, "stop": "near"},
    "gnmt": {"beam": 4, "normalisation": "gnmt", "alpha": 0.6, "coverage_penalty": 0.2},
    "rules": {"beam": 3, "min_length": 4, "no_repeat": 2, "prefix": "Ka"},
    "phrases": {"beam": 3, "must": ["kalo"]},
    "diverse": {"search": DiverseBeam(4, groups=2, nbest=4)},
    "sampling": {"search": Sampling(samples=3, top_k=20, top_p=0.9, temperature=0.8)},
    "distinct": {"search": Sampling(3, distinct=True)},
    "risk": {"search": MinimumBayesRisk(samples=4)},
    "exact": {"search": Exact(2, budget=50)},
}


@pytest.fixture(autouse=True)
def _device(monkeypatch):
    elsewhere.install(monkeypatch)
    monkeypatch.setattr(elsewhere, "operations", 0)
    yield
    assert elsewhere.operations > 0


@pytest.fixture(scope="module")
def task(tmp_path_factory) -> Path:
    return write_task(tmp_path_factory.mktemp("task"), pairs=20, dev=2)


@pytest.fixture(scope="module")
def start(task, tmp_path_factory) -> Path:
    recipe = build_recipe(recipe_tree(task, max_updates=30))
    return train(recipe, tmp_path_factory.mktemp("start"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """A translator, another with the same vocabulary, its way back, and a language model."""
    vocabulary, folder = tiny_vocabulary(), tmp_path_factory.mktemp("models")
    made = {
        "one": tiny_model(vocabulary),
        "other": tiny_model(vocabulary, seed=1, attention="luong_general", cell="lstm"),
        "language": tiny_model(vocabulary, kind="language_model", attention="none"),
        "back": tiny_model(vocabulary, seed=2),
    }
    made["language"] = speaking(made["language"], "", "de")
    made["back"] = speaking(made["back"], "de", "en")
    for name, model in made.items():
        with torch.no_grad():
            model.network.output.bias[EOS] = 2.0
        save_model(folder / name, model, model_card(model.config, command="none"))
    return {name: folder / name for name in made}


def told(run: Path, update: int) -> dict[str, float]:
    """What the log says of an update, but for its speed."""
    return {
        f"{line['kind']} {name}": value
        for line in reports(run)
        if line["update"] == update and line["kind"] in ("update", "validation")
        for name, value in line.items()
        if isinstance(value, float) and "second" not in name
    }


def trained_alike(tree: dict[str, Any], folder: Path) -> None:
    """Two updates and a validation on both devices."""
    for place in PLACES:
        train(build_recipe(tree), folder / place, device=place, report_every=1)
    here, there = (told(folder / place, 2) for place in PLACES)
    assert "update loss" in here
    assert any("gradient_norm" in name for name in here)
    assert any(name.startswith("validation") for name in here)
    assert here == pytest.approx(there, rel=1e-4, abs=1e-6)


def recipe_of(task: Path, **model: Any) -> dict[str, Any]:
    return recipe_tree(task, model=model, max_updates=2, validate_every=2, learning_rate=1e-4)


@pytest.mark.parametrize(
    "name", few(NETWORKS, "bahdanau", "general, fed", "coverage, lexicon", "gnmt", "language model")
)
def test_every_network_learns(name, task, tmp_path):
    tree = recipe_of(task, **SIZES | NETWORKS[name])
    tree["model"] = fitting_keys(tree["model"])
    if NETWORKS[name].get("kind") == "language_model":
        for part in tree["data"].values():
            part["source"] = None
    trained_alike(tree, tmp_path)


def rewarded(task: Path, start: Path, objective: dict[str, Any], **critic: Any) -> dict[str, Any]:
    settings = objectives.OBJECTIVES[objective["kind"]]
    drawn = {"samples": 2, "max_length": 6} if "samples" in settings.model_fields else {}
    alone = {"pretraining": 1} if settings.has_critic else {}
    return recipe_of(task) | {
        "start": str(start),
        "subwords": {"model": str(start)},
        "objective": {**drawn, **objective},
        "critic": {**alone, **critic},
    }


@pytest.mark.parametrize("name", few(OBJECTIVES, "mixer", "reinforce, to_go", "ppo"))
def test_every_objective_learns(name, task, start, tmp_path):
    trained_alike(rewarded(task, start, OBJECTIVES[name]), tmp_path)


@pytest.mark.parametrize("name", few(CRITICS, "corrected"))
def test_every_critic_learns(name, task, start, tmp_path):
    trained_alike(rewarded(task, start, {"kind": "actor_critic"}, **CRITICS[name]), tmp_path)


def test_a_run_goes_on_there(task, tmp_path):
    tree = recipe_of(task)
    trained_alike(tree, tmp_path)
    for last in (1, 2):
        tree["training"]["max_updates"] = last
        train(build_recipe(tree), tmp_path / "paused", device=elsewhere.NAME, report_every=1)
    whole = told(tmp_path / elsewhere.NAME, 2)
    assert told(tmp_path / "paused", 2) == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "several"),
    [*((name, False) for name in WAYS), ("beam", True), ("phrases", True), ("sampling", True)],
)
def test_every_way_of_search(name, several, folders):
    others = (
        {"ensemble": [folders["other"]], "language_model": folders["language"]} if several else {}
    )
    texts, found = sentences(6, seed=3), {}
    for place in PLACES:
        translator = load(folders["one"], device=place, precision="fp32", **others)
        found[place] = translator.translate(texts, **asked(**WAYS[name]))
    assert [t.text for t in found["cpu"]] == [t.text for t in found[elsewhere.NAME]]
    assert any(t.text for t in found["cpu"]) or name == "exact"  # the best is often empty
    for one, other in zip(*found.values(), strict=True):
        assert one.score == pytest.approx(other.score, rel=1e-4)
        assert [a.text for a in one.alternatives] == [a.text for a in other.alternatives]


def test_scores_and_drawn_sentences(folders):
    texts = sentences(5, seed=4)
    found: dict[str, Any] = {}
    for place in PLACES:
        model, language = load_model(folders["one"], place), load_model(folders["language"], place)
        channel = NoisyChannel(model, load_model(folders["back"], place), language)
        ranked = channel_of(channel).translate(texts, Beam(3, nbest=2))
        listed = finite_mdp(model.network, [5, 6], [7], 9, max_length=2)
        found[place] = {
            "score": [one.log_prob for one in score_texts(model, texts, texts)],
            "alone": [one.log_prob for one in score_texts(language, texts)],
            "ranked": [one.score for one in ranked],
            "gradients": [g.tolist() for g in source_gradients(model, [(t, t) for t in texts])],
            "policy": listed.policy.flatten().tolist(),
        }
        found[place + " drawn"] = draw_sentences(language, Sampling(3, seed=2), max_length=9)
    assert found["cpu drawn"] == found[elsewhere.NAME + " drawn"]
    for name, here in found["cpu"].items():
        for one, other in zip(here, found[elsewhere.NAME][name], strict=True):
            assert one == pytest.approx(other, rel=1e-3, abs=1e-6), name


def test_search_is_analysed_there(folders):
    texts, found = sentences(3, seed=5), []
    for place in PLACES:
        engine = NeuralEngine(load_model(folders["one"], place), working=Working(shortlist="off"))
        exact = Exact(budget=20)
        result = analyse_search(engine, Sentences(texts, texts), exact, beams=[1, 2])
        found.append([(one.bleu, one.length_ratio) for one in result.found])
    assert found[0] == found[1]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_deep_algorithm_learns(algorithm):
    short = (
        {"warmup": 100, "horizon": 4, "candidates": 20, "elite": 4, "updates": 10}
        if algorithm == "dynamics"
        else {}
    )
    found = [
        learn(
            "CartPole-v1",
            algorithm,
            steps=120 if short else 400,
            seed=1,
            device=place,
            settings=short,
        )
        for place in PLACES
    ]
    assert len(found[0].returns) > 3
    assert found[0].returns == pytest.approx(found[1].returns)


def test_continuous_actions_are_learnt_there():
    few = {"copies": 4, "epochs": 2}
    found = [
        learn("Pendulum-v1", "ppo", steps=900, seed=1, device=place, settings=few)
        for place in PLACES
    ]
    assert len(found[0].returns) > 3
    assert found[0].returns == pytest.approx(found[1].returns, rel=1e-3)


def test_the_device_refuses_what_lies_on_the_cpu():
    there, here = torch.ones(3, device=elsewhere.NAME), torch.ones(3)
    for wrong in (lambda: there + here, lambda: here.mul_(there), lambda: torch.cat([here, there])):
        with pytest.raises(RuntimeError, match="elsewhere and on the CPU"):
            wrong()
    with pytest.raises(TypeError, match="numpy"):
        there.numpy()
    assert (there.cpu() + here).tolist() == [2, 2, 2]
    assert (there * torch.tensor(2.0)).tolist() == [2, 2, 2]
