"""A run of several phases: what each takes over, and that it goes on exactly after any kill."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from task import recipe_tree, reports, write_task

from latimer.errors import InputError
from latimer.model.folder import load_model
from latimer.recipe import Recipe, build_recipe
from latimer.tensors import read_tensors, weights_of
from latimer.train.checkpoint.session import Session
from latimer.train.checkpoint.state import load_state
from latimer.train.loop.distributed import Group
from latimer.train.loop.interruption import Interrupted
from latimer.train.loop.tuner import Mode
from latimer.train.objectives.actor_critic import CRITIC
from latimer.train.run import modes as possible
from latimer.train.run import run as runs
from latimer.train.run.run import train

CLEAN = multiprocessing.get_context("forkserver")
CLEAN.set_forkserver_preload(["latimer.train.run.run", "sacrebleu"])

UPDATES = {"likelihood": 20, "critic": 8, "actor-critic": 6, "reinforce": 4}
CLOCK = ("seconds", "tokens_per_second", "sentences_per_second", "seconds_left")


def recipe(task: Path, **limits: int) -> Recipe:
    """Likelihood, a critic, an actor with it, and REINFORCE: each for so many updates."""
    training = {name: {"max_updates": limits.get(name, count)} for name, count in UPDATES.items()}
    training["likelihood"] |= {"learning_rate": 5e-3, "cooldown": 0.3}
    for name in ("actor-critic", "reinforce"):
        training[name] |= {"extrapolation": 1.5}
    phases: dict[str, Any] = {name: {"training": training[name]} for name in UPDATES}
    phases["critic"]["objective"] = {"kind": "critic", "samples": 1}
    phases["actor-critic"]["objective"] = {"kind": "actor_critic", "samples": 1}
    phases["reinforce"]["objective"] = {"kind": "reinforce", "samples": 2, "baseline": "learned"}
    tree = recipe_tree(
        task, model={"dropout": 0.3}, learning_rate=1e-3, batch_tokens=64, validate_every=5,
        average=2,
    )  # fmt: skip
    del tree["training"]["max_updates"]
    critic = {"size": 8, "embedding": 8, "rate": 5.0}
    return build_recipe({**tree, "critic": critic, "phases": phases})


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_task(tmp_path_factory.mktemp("task"), pairs=200, dev=8)


@pytest.fixture(scope="module")
def undisturbed(task: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    train(recipe(task), folder, report_every=1)
    return folder


def timeless(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in CLOCK}


def averages(run: Path) -> list[str]:
    """What was said of them at the end of each phase."""
    said = [line["message"] for line in reports(run, "note") if "average of" in line["message"]]
    return list(dict.fromkeys(said))


def assert_same_run(run: Path, expected: Path) -> None:
    """Every loss, score and weight is equal bit by bit, and the log has every line once."""
    for kind in ("update", "validation", "stop"):
        found = [timeless(line) for line in reports(run, kind)]
        assert found == [timeless(line) for line in reports(expected, kind)]
    assert averages(run) == averages(expected)
    for name in ("network", "baseline"):
        mine, theirs = (
            read_tensors(max((folder / "state").iterdir()) / f"{name}.safetensors")
            for folder in (run, expected)
        )
        assert all(torch.equal(tensor, theirs[key]) for key, tensor in mine.items())


def stop_at(phase: str, update: int) -> Any:
    def listen(report: Any) -> None:
        if report.kind == "update" and (report.phase, report.update) == (phase, update):
            os.kill(os.getpid(), signal.SIGINT)

    return listen


def test_one_log_tells_of_all_phases(undisturbed: Path) -> None:
    lines = reports(undisturbed, "update")
    assert [line["update"] for line in lines] == list(range(1, sum(UPDATES.values()) + 1))
    named = [name for name, count in UPDATES.items() for _ in range(count)]
    assert [line["phase"] for line in lines] == named
    seconds = [line["seconds"] for line in reports(undisturbed)]
    assert seconds == sorted(seconds)
    plain = (undisturbed / "train.log").read_text()
    assert "phase 3 of 4: actor-critic" in plain


def test_each_phase_starts_from_the_best_of_the_one_before(undisturbed: Path) -> None:
    by_phase: dict[str, list[dict[str, Any]]] = {}
    for line in reports(undisturbed, "validation"):
        by_phase.setdefault(line["phase"], []).append(line)
    best = -1.0
    for name, lines in by_phase.items():
        if name != "likelihood":
            assert lines[0]["bleu"] >= best  # the average of its best may be better still
        best = max(line["bleu"] for line in lines)
    # In the second, the translator stays as it is, and is scored at both ends alone.
    first, last = by_phase["critic"]
    assert (first["bleu"], first["loss"]) == (last["bleu"], last["loss"])


def test_the_critic_goes_on_where_its_own_phase_left_it(
    task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed, assemble = [], runs.assemble

    def watch(*arguments: Any) -> Any:
        parts = assemble(*arguments)
        modules = parts.session.objective.modules
        copies = {name: weights_of(m) for name, m in modules.items() if name in CRITIC}
        handed.append({n: {k: v.clone() for k, v in s.items()} for n, s in copies.items()})
        states.append(load_state(tmp_path / "state"))
        return parts

    states: list[Any] = []
    monkeypatch.setattr(runs, "assemble", watch)
    train(recipe(task), tmp_path)
    assert [bool(one) for one in handed] == [False, True, True, False]
    before = states[2][0].tensors  # at the end of the phase of the critic
    for name in CRITIC:
        assert all(torch.equal(value, before[name][key]) for key, value in handed[2][name].items())
    drawn = handed[1]["critic"]
    assert any(not torch.equal(value, drawn[key]) for key, value in before["critic"].items())


def test_stopped_in_every_phase(task: Path, undisturbed: Path, tmp_path: Path) -> None:
    """In this process, also at the very end and in the very first update of a phase."""
    for phase, update in (
        ("likelihood", 7), ("likelihood", 20), ("critic", 21), ("critic", 25),
        ("actor-critic", 29), ("actor-critic", 34), ("reinforce", 36),
    ):  # fmt: skip
        with pytest.raises(Interrupted):
            train(recipe(task), tmp_path, report_every=1, on_event=stop_at(phase, update))
    train(recipe(task), tmp_path, report_every=1)
    assert_same_run(tmp_path, undisturbed)


@pytest.mark.slow
def test_killed_at_any_moment(task: Path, undisturbed: Path, tmp_path: Path) -> None:
    chance, kills, log = random.Random(4), 0, tmp_path / "log.jsonl"
    while True:
        before = log.stat().st_size if log.exists() else 0
        process = CLEAN.Process(
            target=train, args=(recipe(task), tmp_path),
            kwargs={"report_every": 1, "save_minutes": 0.0},
        )  # fmt: skip
        process.start()
        while process.is_alive() and (not log.exists() or log.stat().st_size <= before):
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.3))
        if kills == 5 or not process.is_alive():
            process.join()
            break
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        kills += 1
    assert process.exitcode == 0
    assert kills >= 3
    assert_same_run(tmp_path, undisturbed)


def test_killed_between_two_phases(
    task: Path, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phase is over and its models are written, but the next has no state yet."""

    def killed(*arguments: Any) -> Any:
        raise KeyboardInterrupt

    for _ in range(2):
        monkeypatch.setattr(runs, "handover_of", killed)
        with pytest.raises(KeyboardInterrupt):
            train(recipe(task), tmp_path, report_every=1)
        monkeypatch.undo()
    train(recipe(task), tmp_path, report_every=1)
    assert_same_run(tmp_path, undisturbed)


def test_killed_as_the_next_phase_saves_its_first_state(
    task: Path, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a phase began with and its checkpoints are still there when it is ended once more."""
    save = Session.save

    def killed(self: Session) -> None:
        if (self.progress.phase, self.progress.update) == (phase, 0):
            raise KeyboardInterrupt
        save(self)

    for phase in range(1, len(UPDATES)):  # noqa: B007 (`killed` reads it)
        monkeypatch.setattr(Session, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            train(recipe(task), tmp_path, report_every=1)
        monkeypatch.undo()
    train(recipe(task), tmp_path, report_every=1)
    assert len(averages(undisturbed)) >= 2
    begun = [read_tensors(tmp_path / f"{number}-start.safetensors") for number in (3, 4)]
    final = weights_of(load_model(tmp_path / "models" / "best").network)
    assert not (tmp_path / "start.safetensors").exists()
    for weights in begun:  # those that learn from reward, each with a file of its own
        assert weights.keys() == final.keys()
    assert_same_run(tmp_path, undisturbed)


def test_the_state_before_a_new_phase_has_its_checkpoints(
    task: Path, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Session.save

    def killed(self: Session) -> None:
        save(self)
        if (self.progress.phase, self.progress.update) == (3, 0):
            raise KeyboardInterrupt

    monkeypatch.setattr(Session, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        train(recipe(task), tmp_path, report_every=1)
    monkeypatch.undo()
    newest = max((tmp_path / "state").iterdir())
    (newest / "network.safetensors").write_bytes(b"damaged")
    train(recipe(task), tmp_path, report_every=1)
    assert_same_run(tmp_path, undisturbed)


def test_dev_is_not_looked_at_while_the_critic_learns_alone(task: Path, tmp_path: Path) -> None:
    base = recipe_tree(
        task, learning_rate=1e-3, batch_tokens=64, validate_every=2, patience=2, max_updates=12,
    )  # fmt: skip
    start = train(build_recipe({**base, "training": {**base["training"], "max_updates": 2}}),
                  tmp_path / "start")  # fmt: skip
    critic = {"size": 8, "embedding": 8, "pretraining": 8}
    objective = {"kind": "actor_critic", "samples": 1}
    tree = {**base, "start": str(start), "objective": objective, "critic": critic}
    train(build_recipe(tree), tmp_path / "run", report_every=1)
    seen = [line["update"] for line in reports(tmp_path / "run", "validation")]
    assert seen[:2] == [0, 8]
    with pytest.raises(InputError, match=r"critic\.pretraining: 12 updates of the critic alone"):
        build_recipe({**tree, "critic": {**critic, "pretraining": 12}})
    training = {**base["training"], "max_updates": None, "max_epochs": 1, "batch_tokens": 400}
    late = {**tree, "training": training, "critic": {**critic, "pretraining": 500}}
    train(build_recipe(late), tmp_path / "late", report_every=1)
    said = [line["message"] for line in reports(tmp_path / "late", "note")]
    assert any("updates trained only the critic; the translator is unchanged" in s for s in said)


def test_a_longer_limit_goes_on_in_the_last_phase(task: Path, tmp_path: Path) -> None:
    train(recipe(task, reinforce=2), tmp_path / "twice", report_every=1)
    train(recipe(task), tmp_path / "twice", report_every=1)
    train(recipe(task), tmp_path / "once", report_every=1)
    mine, theirs = (
        [line["loss"] for line in reports(tmp_path / name, "update")] for name in ("twice", "once")
    )
    assert mine == theirs


def test_other_phases_are_refused_by_name(task: Path, undisturbed: Path) -> None:
    tree = recipe(task).model_dump(mode="json")
    tree["phases"]["critic"]["objective"]["temperature"] = 0.5
    with pytest.raises(InputError, match=r"phases\.critic\.objective\.temperature is 0\.5, was 1"):
        train(build_recipe(tree), undisturbed)
    del tree["phases"]["reinforce"]
    with pytest.raises(InputError, match=r"phases are likelihood, critic, actor-critic, were lik"):
        train(build_recipe(tree), undisturbed)


def test_without_phases_the_log_names_none(task: Path, tmp_path: Path) -> None:
    tree = recipe_tree(task, max_updates=2)
    train(build_recipe(tree), tmp_path)
    assert all("phase" not in line for line in reports(tmp_path))


def test_a_wrong_reward_of_a_later_phase_is_told_before_anything_is_read(
    task: Path, tmp_path: Path
) -> None:
    tree = recipe(task).model_dump(mode="json")
    tree["phases"]["reinforce"]["objective"]["reward"] = "bluu"
    with pytest.raises(InputError, match="unknown 'bluu'"):
        train(build_recipe(tree), tmp_path / "run")
    assert not (tmp_path / "run" / "data").exists()


def test_several_processes_keep_what_they_found_out_about_the_machine(
    task: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = recipe(task).model_dump(mode="json")
    tree["phases"]["likelihood"]["training"] |= {"precision": "auto", "threads": None}
    part = build_recipe(tree).by_phase()["likelihood"]
    cores = iter([2, 1])
    monkeypatch.setattr(possible, "available_cores", lambda: next(cores))
    found = iter(["bf16", "fp32"])
    monkeypatch.setattr(possible, "choose_precision", lambda asked, device: next(found))
    monkeypatch.setattr(Group, "from_leader", lambda self, values: list(values))
    pair = Group(0, 2)
    first = possible.possible_modes(part, pair, [])
    assert first == [Mode(2, "bf16")]
    assert possible.possible_modes(part, pair, first) == first
    assert next(cores) == 1
