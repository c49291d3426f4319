"""From a recipe and a run folder to the parts of a run, fresh or as they were when it stopped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from latimer.errors import InputError
from latimer.files import write_atomically
from latimer.metrics.rewards import check_reward
from latimer.model import load_model
from latimer.nn import build
from latimer.nn.decoders.language_model import LanguageModel
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import Recipe, dump_recipe
from latimer.recipe.objectives import RewardSettings
from latimer.text.vocabulary.vocabulary import Vocabulary
from latimer.threads import available_cores
from latimer.train.checkpoint import randomness
from latimer.train.checkpoint.averaging import Checkpoints
from latimer.train.checkpoint.resume_check import check_same_run, limits_of
from latimer.train.checkpoint.session import Session
from latimer.train.checkpoint.start import start_of
from latimer.train.checkpoint.state import Snapshot, load_state
from latimer.train.checkpoint.tensors import Tensors, load_weights, weights_of
from latimer.train.loop.dev_policy import DevPolicy
from latimer.train.loop.distributed import Group
from latimer.train.loop.epochs import Epochs
from latimer.train.loop.log import RunLog
from latimer.train.loop.precision import choose_precision, possible_precisions
from latimer.train.loop.progress import Progress
from latimer.train.loop.tuner import Mode
from latimer.train.loop.update import build_optimisers
from latimer.train.loop.validation import Validator
from latimer.train.loop.workers import Workers
from latimer.train.objectives.actor_critic import CRITIC
from latimer.train.objectives.build import build_draw, build_objective
from latimer.train.objectives.objective import Objective
from latimer.train.run.prepare import Prepared, open_prepared, prepare
from latimer.train.run.publish import Publisher


@dataclass(frozen=True)
class Parts:
    """A run, ready to go or to go on."""

    recipe: Recipe
    """Of this phase, which is the whole run where there is no other."""
    name: str
    """Of this phase; empty where there is no other."""
    last: bool
    """Whether the run ends with it."""
    network: Seq2Seq
    session: Session
    workers: Workers
    modes: list[Mode]
    """How updates may be computed; which is best is found by trying."""
    epochs: Epochs
    validator: Validator
    publisher: Publisher
    begun: Seq2Seq | None
    """What the phase began with, in the leader, where anything looks back at it and it is known."""
    notes: list[str]
    """What the user should know before it starts."""


@dataclass(frozen=True)
class Before:
    """What a phase that is over leaves to the next one."""

    progress: Progress
    """Of the new phase, at its beginning."""
    model: Path
    """The folder of the model to start from."""
    critic: dict[str, Tensors]
    """Weights of the critic and of its delayed copy, by the names of `actor_critic.CRITIC`."""
    modes: list[Mode]
    """How updates may be computed on this machine."""


def assemble(
    whole: Recipe, run: Path, group: Group, command: str, before: Before | None = None
) -> Parts:
    """Read or make everything that training needs in the phase that the state in `run` is in.

    Of a phase that follows on `before` there is no state yet. Raises InputError for whatever is
    wrong with recipe, texts or state.
    """
    found = None if before else load_state(run / "state")
    snapshot, notes = found if found else (None, [])
    if snapshot is not None:
        _check_resumed(whole, snapshot.facts, run, group)
    progress = before.progress if before else _progress(whole, snapshot)
    name, recipe = list(whole.stretches().items())[progress.phase]
    for stretch in whole.stretches().values():  # of later phases, too: before hours are spent
        if isinstance(stretch.objective, RewardSettings):
            check_reward(stretch.objective.reward)
    prepared = _prepare(whole, run, group, snapshot)
    seed = recipe.seed + progress.phase  # not the same sentences with the same noise once more
    epochs = Epochs(prepared.train, tokens=recipe.training.batch_tokens, seed=seed)
    known = snapshot.facts["modes"] if snapshot else before.modes if before else []
    modes = possible_modes(recipe, group, [Mode(*mode) for mode in known])
    constants = {
        "processes": group.world, "data": prepared.fingerprint, "device": group.device.type,
        "modes": [list(mode) for mode in modes], "recipe": whole.model_dump(mode="json"),
    }  # fmt: skip
    randomness.seed_everything(seed)
    network = build_network(recipe, prepared.vocabulary)
    if network.prior is not None and prepared.lexicon is not None:
        likely, chances, _ = map(torch.from_numpy, prepared.lexicon)
        network.prior.fill(likely, chances)
    start = before.model if before else recipe.start
    if start is not None and snapshot is None:
        take_weights(network, start, prepared.vocabulary)
    network = network.to(group.device)
    objective = build_objective(recipe, network, prepared.vocabulary, group.device)
    if before is not None:
        _take_critic(objective, before.critic)
    logs = None if before else snapshot.facts["logs"] if snapshot else {}
    session = _session(recipe, run, objective, progress, group, logs, constants)
    if snapshot is not None:
        session.restore(snapshot)
    elif group.rank > 0:  # the same weights everywhere, but dropout of its own
        randomness.seed_everything(seed + group.rank)
    begun = None
    if _compared(recipe, group):
        begun = start_of(run, network, fresh=snapshot is None, phase=progress.phase)
    notes = [f"{note}; going on from the state before it" for note in notes]
    if name:
        notes.append(f"phase {progress.phase + 1} of {len(whole.phases)}: {name}")
    notes.append(_describe(prepared, network, modes))
    if epochs.left_out:
        notes.append(f"{epochs.left_out:,} pairs longer than training.batch_tokens are left out")
    if snapshot is not None:
        notes.append(f"continuing after update {progress.earlier_updates + progress.update:,}")
    return Parts(
        recipe,
        name,
        progress.phase + 1 >= len(whole.phases),
        network,
        session,
        _workers(seed, group, modes),
        modes,
        epochs,
        _validator(recipe, prepared, group, begun),
        Publisher(run, recipe, prepared, command),
        begun,
        notes,
    )


def what_is_left(parts: Parts, model: Path) -> Before:
    """What the next phase takes over from this one, which is over and whose best is `model`."""
    modules = parts.session.objective.modules
    critic = {name: weights_of(modules[name]) for name in CRITIC if name in modules}
    return Before(parts.session.progress.next_phase(), model, critic, parts.modes)


def _take_critic(objective: Objective, critic: dict[str, Tensors]) -> None:
    for name, weights in critic.items():
        if name in objective.modules:
            load_weights(objective.modules[name], weights)


def build_network(recipe: Recipe, vocabulary: Vocabulary) -> Seq2Seq:
    """The network of `recipe`, freshly drawn; raises InputError when it cannot be."""
    try:
        return build.build_network(
            recipe.model,
            source_vocab=len(vocabulary.source),
            target_vocab=len(vocabulary.target),
        )
    except ValueError as error:
        raise InputError(f"model.{error}") from error


def take_weights(network: Seq2Seq, folder: Path, vocabulary: Vocabulary) -> None:
    """Give `network` the weights of the model in `folder`; InputError when they do not fit.

    They are of the pieces of that model, which must be those of `vocabulary`.
    """
    found = load_model(folder)
    theirs = found.vocabulary
    if (theirs.source, theirs.target) != (vocabulary.source, vocabulary.target):
        raise InputError(
            f"start: {folder} has other subwords than this run; set subwords.model to {folder}"
        )
    try:
        network.load_state_dict(found.network.state_dict())
    except RuntimeError as error:
        raise InputError(
            f"start: {folder} is another network than `model` and `subwords` describe; copy these "
            "from its config.json, or use `latimer improve`"
        ) from error


def _check_resumed(recipe: Recipe, facts: dict[str, Any], run: Path, group: Group) -> None:
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


def possible_modes(recipe: Recipe, group: Group, known: list[Mode]) -> list[Mode]:
    """How updates may be computed: with one thread, half the cores or all, in fp32 or bf16.

    Several processes, and a GPU, have one mode, which is not tried out: what a run has `known`
    from its beginning stays, where the recipe leaves it open.
    """
    asked, alone = recipe.training, group.world == 1 and group.device.type == "cpu"
    if alone:
        cores = available_cores()
        threads = [asked.threads] if asked.threads else sorted({1, (cores + 1) // 2, cores})
        precisions = possible_precisions(asked.precision, group.device)
        return [Mode(each, precision) for precision in precisions for each in reversed(threads)]
    if known and asked.precision == "auto":
        return [Mode(asked.threads or known[0].threads, known[0].precision)]
    return [Mode(asked.threads or _threads(group.device), _quicker(asked.precision, group))]


def _quicker(asked: str, group: Group) -> str:
    """The precision that `asked` stands for, the leader's in all processes."""
    (bf16,) = group.from_leader([float(choose_precision(asked, group.device) == "bf16")])
    return "bf16" if bf16 else "fp32"


def _threads(device: torch.device) -> int:
    """One thread for each core that is this process's part; a GPU needs only one."""
    if device.type != "cpu":
        return 1
    return max(1, available_cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def _workers(seed: int, group: Group, modes: list[Mode]) -> Workers:
    """With as many threads as any mode has."""
    threads = max(mode.threads for mode in modes)
    return Workers(
        threads,
        seed=seed,
        first=group.rank * threads,
        device=group.device,
        precision=modes[0].precision,
    )


def _session(
    recipe: Recipe,
    run: Path,
    objective: Objective,
    progress: Progress,
    group: Group,
    logs: dict[str, int] | None,
    constants: dict[str, Any],
) -> Session:
    prefix = f"{progress.phase + 1}-" if progress.phase else ""
    return Session(
        run / "state",
        objective,
        build_optimisers(objective, weight_decay=recipe.training.weight_decay),
        progress,
        Checkpoints(run / "checkpoints", recipe.training.average, prefix),
        group,
        RunLog(run, logs) if group.leads else None,
        constants,
    )


def _progress(whole: Recipe, snapshot: Snapshot | None) -> Progress:
    if snapshot is None:
        # What a run starts from is scored first, and kept if nothing gets better.
        return Progress() if whole.start is None else Progress(validated=-1)
    progress = Progress.from_json(snapshot.facts["progress"])
    plans = whole.model_dump(mode="json"), snapshot.facts["recipe"]
    now, then = (limits_of(plan, progress.phase) for plan in plans)
    if now != then:  # another end is to come, unless that is over, too
        minutes = now["training.max_minutes"]
        progress.timed_out = minutes is not None and progress.seconds >= 60 * minutes
    return progress


def _watched(recipe: Recipe, group: Group) -> bool:
    """Whether this process looks at what learning from reward does to the policy."""
    objective = recipe.objective
    return group.leads and objective.needs_start and objective.trains_translator


def _compared(recipe: Recipe, group: Group) -> bool:
    """Whether this process looks back at what the phase began with."""
    return _watched(recipe, group) or (group.leads and recipe.training.extrapolation != 1)


def _validator(
    recipe: Recipe, prepared: Prepared, group: Group, begun: Seq2Seq | None
) -> Validator:
    """`begun` is the network of the start, if that is known."""
    policy = None
    if _watched(recipe, group) and isinstance(recipe.objective, RewardSettings):
        draw = build_draw(recipe.objective, prepared.vocabulary)
        policy = DevPolicy(draw, begun, prepared.dev, group.device)
    return Validator(
        prepared.vocabulary,
        prepared.dev,
        prepared.dev_texts,
        language=recipe.data.target_language,
        batch_tokens=recipe.training.batch_tokens,
        max_length=recipe.search.max_length,
        device=group.device,
        translates=recipe.model.kind == "translator",
        policy=policy,
    )


def _describe(prepared: Prepared, network: Seq2Seq, modes: list[Mode]) -> str:
    weights = sum(parameter.numel() for parameter in network.parameters())
    units = "sentences" if isinstance(network, LanguageModel) else "pairs"
    return (
        f"{len(prepared.train):,} {units} to learn from, {len(prepared.dev):,} for dev; "
        f"{weights / 1e6:.1f} million weights; {' or '.join(map(str, modes))}"
    )
