"""A finite decision process in a file, `.npz` or `.json`, or as values for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from latimer.errors import InputError
from latimer.rl.mdp import saved
from latimer.rl.mdp.arrays import Rows
from latimer.rl.mdp.finite_mdp import FiniteMDP

REQUIRED = ("discount", "states", "state", "action", "first", "successor", "probability",
            "termination", "reward")  # fmt: skip
"""Keys of a process; first, successor and probability are its continuation, compressed by rows."""


def save_mdp(path: Path, mdp: FiniteMDP) -> None:
    """Write a process for `load_mdp`; errors as `latimer.rl.mdp.saved.save`."""
    values = to_json(mdp)
    arrays = {name: np.array(v) for name, v in values.items() if isinstance(v, list)}
    saved.save(path, {k: v for k, v in values.items() if k not in arrays}, arrays)


def load_mdp(path: Path) -> FiniteMDP:
    """The process that `save_mdp` wrote; InputError for any other file."""
    facts, arrays = saved.load(path)
    return from_json({**facts, **arrays}, str(path))


def to_json(mdp: FiniteMDP) -> dict[str, Any]:
    """A process as numbers, strings and lists."""
    matrix = mdp.continuation
    arrays = {
        "state": mdp.state, "action": mdp.action, "first": matrix.indptr,
        "successor": matrix.indices, "probability": matrix.data, "termination": mdp.termination,
        "reward": mdp.reward, "start": mdp.start,
    }  # fmt: skip
    values = {name: None if array is None else array.tolist() for name, array in arrays.items()}
    names = {"state_names": mdp.state_names, "action_names": mdp.action_names}
    values |= {name: None if given is None else list(given) for name, given in names.items()}
    return {"discount": float(mdp.discount), "states": mdp.states, **values}


def from_json(values: Mapping[str, Any], name: str) -> FiniteMDP:
    """The process of `to_json`; InputError, with `name`, where the values make none."""
    missing = [key for key in REQUIRED if values.get(key) is None]
    if missing:
        raise InputError(f"{name}: no decision process: {missing[0]} is missing")
    try:
        parts = values["probability"], values["successor"], values["first"]
        shape = len(values["state"]), int(values["states"])
        continuation = sparse.csr_array(tuple(map(np.asarray, parts)), shape=shape)
        state, action = (np.asarray(values[key]) for key in ("state", "action"))
        termination, reward = (
            np.asarray(values[key], dtype=float) for key in ("termination", "reward")
        )
        names: dict[str, Any] = {
            key: None if values.get(key) is None else [str(word) for word in values[key]]
            for key in ("state_names", "action_names")
        }
        whole = Rows(state, action, continuation, termination, reward)
        discount = float(values["discount"])
        return FiniteMDP(*whole, discount=discount, start=values.get("start"), **names)
    except (TypeError, ValueError, IndexError) as error:
        raise InputError(f"{name}: no decision process: {error}") from error
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
