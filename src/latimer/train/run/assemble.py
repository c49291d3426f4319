"""From a recipe and a run folder to the parts of a run: new ones, or those of its last state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from latimer.errors import InputError
from latimer.files import write_atomically
from latimer.metrics.rewards import check_reward
from latimer.nn.decoders.language_model import LanguageModel
from latimer.nn.seq2seq import Seq2Seq
from latimer.recipe import Recipe, dump_recipe
from latimer.recipe.objectives import RewardSettings
from latimer.tensors import Tensors, load_weights, weights_of
from latimer.text.vocabulary.vocabulary import Vocabulary
from latimer.train.checkpoint import randomness
from latimer.train.checkpoint.averaging import Checkpoints
from latimer.train.checkpoint.resume_check import check_same_run, limits_of
from latimer.train.checkpoint.session import Session
from latimer.train.checkpoint.start import initial_network
from latimer.train.checkpoint.state import Snapshot, load_state
from latimer.train.loop.dev_policy import DevPolicy
from latimer.train.loop.distributed import Group
from latimer.train.loop.epochs import Epochs
from latimer.train.loop.log import RunLog
from latimer.train.loop.progress import Progress
from latimer.train.loop.tensorboard import check_tensorboard
from latimer.train.loop.tuner import Mode
from latimer.train.loop.update import build_optimisers
from latimer.train.loop.validation import DevSet, Validator
from latimer.train.loop.workers import Workers
from latimer.train.objectives.actor_critic import CRITIC
from latimer.train.objectives.build import build_draw, build_objective
from latimer.train.objectives.objective import Objective
from latimer.train.run.modes import possible_modes, workers_for
from latimer.train.run.network import fresh_network, take_weights
from latimer.train.run.prepare import Prepared, open_prepared, prepare
from latimer.train.run.publish import Publisher


@dataclass(frozen=True)
class Parts:
    """The parts of a phase, or of a run without phases, ready to train."""

    recipe: Recipe
    """The recipe of this phase."""
    name: str
    """The phase's name; empty in a run without phases."""
    last: bool
    """Whether the run ends with this phase."""
    network: Seq2Seq
    session: Session
    workers: Workers
    modes: list[Mode]
    """The modes in which updates may be computed; the tuner chooses the fastest."""
    epochs: Epochs
    validator: Validator
    publisher: Publisher
    initial: Seq2Seq | None
    """The network at the beginning of the phase, in the leader; None where it is not needed."""
    notes: list[str]
    """Messages for the user before training starts."""


@dataclass(frozen=True)
class Handover:
    """What a finished phase passes to the next one."""

    progress: Progress
    """The progress of the new phase at its beginning."""
    model: Path
    """The folder of the model to start from."""
    critic: dict[str, Tensors]
    """Weights of the critic and of its target network, by the names of `actor_critic.CRITIC`."""
    modes: list[Mode]
    """The modes in which updates may be computed on this machine."""


@dataclass(frozen=True)
class _Place:
    """The position of a run: its phase, and the state or the phase that it continues."""

    whole: Recipe
    run: Path
    group: Group
    handover: Handover | None
    snapshot: Snapshot | None
    progress: Progress

    @property
    def name(self) -> str:
        """The phase's name; empty in a run without phases."""
        return list(self.whole.by_phase())[self.progress.phase]

    @property
    def recipe(self) -> Recipe:
        """The phase's recipe."""
        return self.whole.by_phase()[self.name]

    @property
    def seed(self) -> int:
        """A seed of its own for each phase, so that batches and dropout differ between phases."""
        return self.recipe.seed + self.progress.phase

    @property
    def start(self) -> Path | None:
        """The model whose weights are loaded; None if there is none or the state has weights."""
        if self.snapshot is not None:
            return None
        return self.handover.model if self.handover else self.recipe.start

    @property
    def modes(self) -> list[Mode]:
        """The modes in which updates may be computed."""
        known = self.handover.modes if self.handover else []
        if self.snapshot is not None:
            known = [Mode(*mode) for mode in self.snapshot.facts["modes"]]
        return possible_modes(self.recipe, self.group, known)


def assemble(
    whole: Recipe, run: Path, group: Group, command: str, handover: Handover | None = None
) -> Parts:
    """The parts of the phase that the state in `run` is in, or of the phase after `handover`.

    Raises InputError for whatever is wrong with recipe, texts or state.
    """
    place, warnings = _place(whole, run, group, handover)
    _check_early(whole)
    prepared, recipe = _prepare(place), place.recipe
    epochs = Epochs(prepared.train, tokens=recipe.training.batch_tokens, seed=place.seed)
    modes = place.modes
    randomness.seed_everything(place.seed)
    network = _network(place, prepared)
    objective = _objective(place, network, prepared.vocabulary)
    session = _session(place, objective, prepared, modes)
    initial = None
    if _needs_initial(recipe, group):
        fresh = place.snapshot is None
        initial = initial_network(run, network, fresh=fresh, phase=place.progress.phase)
    return Parts(
        recipe,
        place.name,
        place.progress.phase + 1 >= len(whole.phases),
        network,
        session,
        workers_for(place.seed, group, modes),
        modes,
        epochs,
        _validator(recipe, prepared, group, initial),
        Publisher(run, recipe, prepared, command),
        initial,
        [*warnings, *_notes(place, prepared, network, modes, epochs.left_out)],
    )


def _place(
    whole: Recipe, run: Path, group: Group, handover: Handover | None
) -> tuple[_Place, list[str]]:
    """The position of the run, and warnings about damaged states."""
    if handover is not None:
        return _Place(whole, run, group, handover, None, handover.progress), []
    snapshot, warnings = load_state(run / "state") or (None, [])
    if snapshot is not None:
        _check_resumed(whole, snapshot.facts, run, group)
    place = _Place(whole, run, group, None, snapshot, _progress(whole, snapshot))
    return place, [f"{warning}; continuing from the state before it" for warning in warnings]


def _check_early(whole: Recipe) -> None:
    """Check what any phase needs before training starts.

    Raises InputError for an unknown reward and LatimerError when TensorBoard is not installed.
    """
    for part in whole.by_phase().values():
        if part.training.tensorboard:
            check_tensorboard()
        if isinstance(part.objective, RewardSettings):
            check_reward(part.objective.reward)


def _network(place: _Place, prepared: Prepared) -> Seq2Seq:
    network = fresh_network(place.recipe, prepared.vocabulary)
    if network.prior is not None and prepared.lexicon is not None:
        likely, probabilities, _ = map(torch.from_numpy, prepared.lexicon)
        network.prior.fill(likely, probabilities)
    if place.start is not None:
        take_weights(network, place.start, prepared.vocabulary)
    return network.to(place.group.device)


def _objective(place: _Place, network: Seq2Seq, vocabulary: Vocabulary) -> Objective:
    """The phase's objective, with the critic of the phase before it if both have one."""
    objective = build_objective(place.recipe, network, vocabulary, place.group.device)
    for name, weights in place.handover.critic.items() if place.handover else ():
        if name in objective.modules:
            load_weights(objective.modules[name], weights)
    return objective


def _notes(
    place: _Place, prepared: Prepared, network: Seq2Seq, modes: list[Mode], left_out: int
) -> list[str]:
    """Messages for the user before training starts."""
    progress, notes = place.progress, []
    if place.name:
        notes.append(f"phase {progress.phase + 1} of {len(place.whole.phases)}: {place.name}")
    notes.append(_describe(prepared, network, modes))
    if prepared.too_long is not None:
        notes.append(_too_long(prepared, prepared.too_long, place.recipe.model.slots))
    if left_out:
        notes.append(f"{left_out:,} pairs longer than training.batch_tokens are left out")
    if place.snapshot is not None:
        notes.append(f"continuing after update {progress.earlier_updates + progress.update:,}")
    return notes


def handover_of(parts: Parts, model: Path) -> Handover:
    """What the next phase takes over from this finished one, whose best model is `model`."""
    modules = parts.session.objective.modules
    critic = {name: weights_of(modules[name]) for name in CRITIC if name in modules}
    return Handover(parts.session.progress.next_phase(), model, critic, parts.modes)


def _check_resumed(recipe: Recipe, facts: dict[str, Any], run: Path, group: Group) -> None:
    check_same_run(recipe.model_dump(mode="json"), facts["recipe"], run)
    if facts["processes"] != group.world:
        raise InputError(
            f"{run}: started with {facts['processes']} processes, not {group.world}; "
            "continue it with the same number, or choose another folder for the run"
        )


def _prepare(place: _Place) -> Prepared:
    """The prepared data, made by the leader and read by the other processes."""
    recipe, folder = place.whole, place.run / "data"
    expected = place.snapshot.facts["data"] if place.snapshot else None
    if not place.group.leads:
        place.group.wait()
        return open_prepared(recipe, folder, expected or {})
    prepared = prepare(recipe, folder, expected=expected)
    text = dump_recipe(recipe)
    write_atomically(place.run / "recipe.yaml", lambda path: _write(path, text))
    place.group.wait()
    return prepared


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _session(place: _Place, objective: Objective, prepared: Prepared, modes: list[Mode]) -> Session:
    """The parts that have a state, restored from the snapshot if there is one."""
    training, group, snapshot = place.recipe.training, place.group, place.snapshot
    prefix = f"{place.progress.phase + 1}-" if place.progress.phase else ""
    logs = None if place.handover else snapshot.facts["logs"] if snapshot else {}
    constants = {
        "processes": group.world, "data": prepared.fingerprint, "device": group.device.type,
        "modes": [list(mode) for mode in modes], "recipe": place.whole.model_dump(mode="json"),
    }  # fmt: skip
    session = Session(
        place.run / "state",
        objective,
        build_optimisers(objective, weight_decay=training.weight_decay),
        place.progress,
        Checkpoints(place.run / "checkpoints", training.average, prefix),
        group,
        RunLog(place.run, logs, tensorboard=training.tensorboard) if group.leads else None,
        constants,
    )
    if snapshot is not None:
        session.restore(snapshot)
    elif group.rank > 0:  # equal weights in all processes, but different dropout
        randomness.seed_everything(place.seed + group.rank)
    return session


def _progress(whole: Recipe, snapshot: Snapshot | None) -> Progress:
    if snapshot is None:
        # The start is validated first, and kept if nothing becomes better.
        return Progress() if whole.start is None else Progress(validated=-1)
    progress = Progress.from_json(snapshot.facts["progress"])
    plans = whole.model_dump(mode="json"), snapshot.facts["recipe"]
    now, then = (limits_of(plan, progress.phase) for plan in plans)
    if now != then:  # the limits were changed; time may be over under the new one as well
        minutes = now["training.max_minutes"]
        progress.timed_out = minutes is not None and progress.seconds >= 60 * minutes
    return progress


def _measures_policy(recipe: Recipe, group: Group) -> bool:
    """Whether validation in this process measures the policy of learning from reward."""
    objective = recipe.objective
    return group.leads and objective.needs_start and objective.trains_translator


def _needs_initial(recipe: Recipe, group: Group) -> bool:
    """Whether this process needs the initial network of the phase."""
    return _measures_policy(recipe, group) or (group.leads and recipe.training.extrapolation != 1)


def _validator(
    recipe: Recipe, prepared: Prepared, group: Group, initial: Seq2Seq | None
) -> Validator:
    """A validator on dev; `initial` is the initial network of the phase, if known."""
    policy = None
    if _measures_policy(recipe, group) and isinstance(recipe.objective, RewardSettings):
        draw = build_draw(recipe, recipe.objective, prepared.vocabulary)
        policy = DevPolicy(draw, initial, prepared.dev, group.device)
    language = recipe.data.target_language
    return Validator(
        DevSet(prepared.vocabulary, prepared.dev, prepared.dev_texts, language),
        batch_tokens=recipe.training.batch_tokens,
        max_length=recipe.model.at_most(recipe.constraints.max_length),
        device=group.device,
        translates=recipe.model.reads_source,
        policy=policy,
    )


def _too_long(prepared: Prepared, too_long: Mapping[str, int], slots: int) -> str:
    """What of the texts does not fit the slots of a perceptron."""
    shares = []
    for part, corpus in (("train", prepared.train), ("dev", prepared.dev)):
        left, every = too_long[part], len(corpus) + too_long[part]
        shares.append(f"{left:,} of {every:,} pairs of {part} ({left / every:.1%})")
    return (
        f"{' and '.join(shares)} do not fit into {slots} slots ({slots - 1} pieces and the end) "
        "and are left out; dev BLEU is that of the pairs that fit"
    )


def _describe(prepared: Prepared, network: Seq2Seq, modes: list[Mode]) -> str:
    weights = sum(parameter.numel() for parameter in network.parameters())
    units = "sentences" if isinstance(network, LanguageModel) else "pairs"
    return (
        f"{len(prepared.train):,} {units} to learn from, {len(prepared.dev):,} for dev; "
        f"{weights / 1e6:.1f} million weights; {' or '.join(map(str, modes))}"
    )
