"""From a recipe and a run folder to the parts of a run, fresh or as they were when it stopped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from latimer.errors import InputError
from latimer.files import write_atomically
from latimer.model import load_model
from latimer.nn.build import build_seq2seq
from latimer.nn.language_model import LanguageModel
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import Recipe, dump_recipe
from latimer.text.vocabulary import Vocabulary
from latimer.threads import available_cores
from latimer.train import randomness
from latimer.train.averaging import Checkpoints
from latimer.train.continuation import check_same_run, limits_of
from latimer.train.distributed import Group
from latimer.train.epochs import Epochs
from latimer.train.log import RunLog
from latimer.train.objectives import build_objective
from latimer.train.precision import choose_precision
from latimer.train.prepare import Prepared, open_prepared, prepare
from latimer.train.progress import Progress
from latimer.train.publish import Publisher
from latimer.train.session import Session
from latimer.train.state import Snapshot, load_state
from latimer.train.update import build_optimisers
from latimer.train.validation import Validator
from latimer.train.workers import Workers


@dataclass(frozen=True)
class Parts:
    """A run, ready to go or to go on."""

    recipe: Recipe
    network: Seq2Seq
    session: Session
    workers: Workers
    epochs: Epochs
    validator: Validator
    publisher: Publisher
    notes: list[str]
    """What the user should know before it starts."""


def assemble(recipe: Recipe, run: Path, group: Group, command: str) -> Parts:
    """Read or make everything that training needs.

    Raises InputError for whatever is wrong with recipe, texts or state.
    """
    found = load_state(run / "state")
    snapshot, notes = found if found else (None, [])
    if snapshot is not None:
        _check_continuation(recipe, snapshot.facts, run, group)
    prepared = _prepare(recipe, run, group, snapshot)
    epochs = Epochs(prepared.train, tokens=recipe.training.batch_tokens, seed=recipe.seed)
    constants = _constants(recipe, group, snapshot, prepared)
    randomness.seed_everything(recipe.seed)
    network = build_network(recipe, prepared.vocabulary)
    if recipe.start is not None and snapshot is None:
        take_weights(network, recipe.start)
    network = network.to(group.device)
    session = _session(recipe, run, network, prepared.vocabulary, group, snapshot, constants)
    notes = [f"{note}; going on from the state before it" for note in notes]
    notes.append(_describe(prepared, network, constants))
    if epochs.left_out:
        notes.append(f"{epochs.left_out:,} pairs longer than training.batch_tokens are left out")
    if snapshot is not None:
        notes.append(f"continuing after update {session.progress.update:,}")
    return Parts(
        recipe,
        network,
        session,
        _workers(recipe, group, constants),
        epochs,
        _validator(recipe, prepared, group),
        Publisher(run, recipe, prepared, command),
        notes,
    )


def build_network(recipe: Recipe, vocabulary: Vocabulary) -> Seq2Seq:
    """The network of `recipe`, freshly drawn; raises InputError when it cannot be."""
    try:
        return build_seq2seq(
            source_vocab=len(vocabulary.source),
            target_vocab=len(vocabulary.target),
            **recipe.model.model_dump(),
        )
    except ValueError as error:
        raise InputError(f"model.{error}") from error


def take_weights(network: Seq2Seq, folder: Path) -> None:
    """Give `network` the weights of the model in `folder`; InputError when they do not fit."""
    weights = load_model(folder).network.state_dict()
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(
            f"start: {folder} is another network than `model` and `subwords` describe; copy these "
            "from its config.json, or use `latimer improve`"
        ) from error


def _check_continuation(recipe: Recipe, facts: dict[str, Any], run: Path, group: Group) -> None:
    check_same_run(recipe.model_dump(mode="json"), facts["recipe"], run)
    if facts["processes"] != group.world:
        raise InputError(
            f"{run}: begun with {facts['processes']} processes, not {group.world}; "
            "continue it with as many, or choose another --run folder"
        )


def _prepare(recipe: Recipe, run: Path, group: Group, snapshot: Snapshot | None) -> Prepared:
    """Texts to tokens, in the leader; the others wait and read."""
    expected = snapshot.facts["data"] if snapshot else None
    if group.leads:
        prepared = prepare(recipe, run / "data", expected=expected)
        text = dump_recipe(recipe)
        write_atomically(run / "recipe.yaml", lambda path: _write(path, text))
        group.wait()
        return prepared
    group.wait()
    return open_prepared(recipe, run / "data", expected or {})


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _constants(
    recipe: Recipe, group: Group, snapshot: Snapshot | None, prepared: Prepared
) -> dict[str, Any]:
    """What stays the same for the whole run, however often it is continued."""
    constants = {"recipe": recipe.model_dump(mode="json"), "processes": group.world}
    if snapshot is not None:
        keys = ("data", "precision", "threads", "device")
        return constants | {key: snapshot.facts[key] for key in keys}
    precision = choose_precision(recipe.training.precision, group.device)
    (bf16,) = group.from_leader([float(precision == "bf16")])
    return constants | {
        "data": prepared.fingerprint,
        "precision": "bf16" if bf16 else "fp32",
        "threads": recipe.training.threads or _threads(group.device),
        "device": group.device.type,
    }


def _threads(device: torch.device) -> int:
    """One thread for each core that is this process's part; a GPU needs only one."""
    if device.type != "cpu":
        return 1
    return max(1, available_cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def _workers(recipe: Recipe, group: Group, constants: dict[str, Any]) -> Workers:
    threads = constants["threads"]
    return Workers(
        threads,
        seed=recipe.seed,
        first=group.rank * threads,
        device=group.device,
        precision=constants["precision"],
    )


def _session(
    recipe: Recipe,
    run: Path,
    network: Seq2Seq,
    vocabulary: Vocabulary,
    group: Group,
    snapshot: Snapshot | None,
    constants: dict[str, Any],
) -> Session:
    objective = build_objective(recipe, network, vocabulary, group.device)
    optimisers = build_optimisers(objective, weight_decay=recipe.training.weight_decay)
    positions = snapshot.facts["logs"] if snapshot else {}
    session = Session(
        run / "state",
        objective,
        optimisers,
        _progress(recipe, snapshot),
        Checkpoints(run / "checkpoints", recipe.training.average),
        group,
        RunLog(run, positions) if group.leads else None,
        constants,
    )
    if snapshot is not None:
        session.restore(snapshot)
    elif group.rank > 0:  # the same weights everywhere, but dropout of its own
        randomness.seed_everything(recipe.seed + group.rank)
    return session


def _progress(recipe: Recipe, snapshot: Snapshot | None) -> Progress:
    if snapshot is None:
        # What a run starts from is scored first, and kept if nothing gets better.
        return Progress() if recipe.start is None else Progress(validated=-1)
    progress = Progress.from_json(snapshot.facts["progress"])
    if limits_of(recipe.model_dump(mode="json")) != limits_of(snapshot.facts["recipe"]):
        progress.cooldown = None  # it was planned for another end
    return progress


def _validator(recipe: Recipe, prepared: Prepared, group: Group) -> Validator:
    return Validator(
        prepared.vocabulary,
        prepared.dev,
        prepared.dev_texts,
        language=recipe.data.target_language,
        batch_tokens=recipe.training.batch_tokens,
        max_length=recipe.search.max_length,
        device=group.device,
        translates=recipe.model.kind == "translator",
    )


def _describe(prepared: Prepared, network: Seq2Seq, constants: dict[str, Any]) -> str:
    weights = sum(parameter.numel() for parameter in network.parameters())
    threads = constants["threads"]
    units = "sentences" if isinstance(network, LanguageModel) else "pairs"
    return (
        f"{len(prepared.train):,} {units} to learn from, {len(prepared.dev):,} for dev; "
        f"{weights / 1e6:.1f} million weights; {constants['precision']}, "
        f"{threads} thread{'s' if threads > 1 else ''}"
    )
