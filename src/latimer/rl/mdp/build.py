"""From arrays, sparse matrices and Gymnasium's tables to the rows of a `FiniteMDP`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Flags, Floats, Ints, Rows
from latimer.rl.mdp.outcome_table import OutcomeTable


def rows_of_dense(
    transition: ArrayLike, reward: ArrayLike, terminal: ArrayLike | None, legal: ArrayLike | None
) -> Rows:
    """See `FiniteMDP.from_dense`."""
    p = np.asarray(transition, dtype=float)
    if p.ndim != 3 or p.shape[0] != p.shape[2] or 0 in p.shape:
        raise InputError(f"transition has shape [states, actions, states], not {list(p.shape)}")
    r = np.asarray(reward, dtype=float)
    if r.ndim == 3 and r.shape == p.shape:
        expected = (p * r).sum(axis=2)
    else:
        expected = _reward_of_pairs(r, p.shape[0], p.shape[1])
    kept, ended = _kept(p.shape[0], p.shape[1], terminal, legal)
    state, action = np.nonzero(kept)
    return _assemble(state, action, sparse.csr_array(p[state, action]), expected, r, ended)


def rows_of_sparse(
    transitions: Sequence[Any], reward: Any, terminal: ArrayLike | None, legal: ArrayLike | None
) -> Rows:
    """See `FiniteMDP.from_sparse`."""
    matrices = [sparse.csr_array(matrix, dtype=float) for matrix in transitions]
    if not matrices or any(m.shape != (matrices[0].shape[0],) * 2 for m in matrices):
        raise InputError("transitions holds one matrix [states, states] for each action")
    states, actions = matrices[0].shape[0], len(matrices)
    if isinstance(reward, (list, tuple)) and all(sparse.issparse(part) for part in reward):
        if len(reward) != actions or any(part.shape != (states, states) for part in reward):
            raise InputError("reward holds one matrix [states, states] for each action")
        r = np.empty(0)
        expected = np.stack(
            [(m * part).sum(axis=1) for m, part in zip(matrices, reward, strict=True)], axis=1
        )
    else:
        r = np.asarray(reward, dtype=float)
        expected = _reward_of_pairs(r, states, actions)
    kept, ended = _kept(states, actions, terminal, legal)
    state, action = np.nonzero(kept)
    stacked = sparse.csr_array(sparse.vstack(matrices))[action * states + state]
    return _assemble(state, action, stacked, expected, r, ended)


def rows_of_table(table: OutcomeTable) -> Rows:
    """See `FiniteMDP.from_table`."""
    rows, going = table.row, ~table.terminated
    count = len(table.state)
    # Building from coordinates adds up what is listed twice.
    continuation = sparse.csr_array(
        (table.probability[going], (rows[going], table.successor[going])),
        shape=(count, table.states),
    )
    reward: Floats = np.bincount(
        rows, weights=table.probability * table.reward, minlength=count
    ).astype(float)
    ends = np.where(table.terminated, table.probability, 0.0)
    termination: Floats = np.bincount(rows, weights=ends, minlength=count).astype(float)
    return Rows(table.state, table.action, continuation, termination, reward)


def tidy(matrix: sparse.csr_array) -> sparse.csr_array:
    """The same matrix, each successor once and no stored zeros; a copy if it had any."""
    clean = sparse.csr_array(matrix, dtype=float)
    if not (clean.has_canonical_format and clean.data.all()):
        clean = clean.copy()
        clean.sum_duplicates()
        clean.eliminate_zeros()
    return clean


def _reward_of_pairs(reward: Floats, states: int, actions: int) -> Floats:
    if reward.shape == (states,):
        return np.repeat(reward[:, None], actions, axis=1)
    if reward.shape == (states, actions):
        return reward
    raise InputError(
        f"reward has shape [{states}], [{states}, {actions}] or [{states}, {actions}, {states}], "
        f"not {list(reward.shape)}"
    )


def _kept(
    states: int, actions: int, terminal: ArrayLike | None, legal: ArrayLike | None
) -> tuple[Flags, Flags]:
    """Which pairs [states, actions] make rows, and which states [states] are terminal."""
    ended = np.zeros(states, bool) if terminal is None else np.asarray(terminal, dtype=bool)
    kept = np.ones((states, actions), bool) if legal is None else np.array(legal, dtype=bool)
    if ended.shape != (states,):
        raise InputError(f"terminal has shape [{states}], not {list(ended.shape)}")
    if kept.shape != (states, actions):
        raise InputError(f"legal has shape [{states}, {actions}], not {list(kept.shape)}")
    kept[ended] = False
    kept[ended, 0] = True
    return kept, ended


def _assemble(
    state: Ints,
    action: Ints,
    continuation: sparse.csr_array,
    expected: Floats,
    given: Floats,
    ended: Flags,
) -> Rows:
    """Rows whose terminal states end at once, paying R(s) where rewards have that form."""
    reward = expected[state, action].astype(float)
    over = ended[state]
    if given.ndim != 1 or given.size == 0:
        reward[over] = 0.0
    if over.any():
        going = sparse.dia_array(((~over).astype(float)[None], [0]), shape=(len(over),) * 2)
        continuation = sparse.csr_array(going @ continuation)
        continuation.eliminate_zeros()
    return Rows(state, action, continuation, over.astype(float), reward)
