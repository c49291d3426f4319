"""Discount 1: when the values are finite, and which policies end (Bertsekas & Tsitsiklis 1991).

An *end component* is a set of states and rows that one can stay in for ever (de Alfaro 1997). With
discount 1 this package plans when

- some policy ends the episode with probability 1 from every state, and
- no row inside an end component has a positive reward, so that nothing is gained for ever.

The values of every policy that may go on for ever are then minus infinity, or those of idling at
no cost; policy iteration, started from a policy that ends, keeps to policies that end, and finds
the optimum unless idling for ever is better than ending, which is refused.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from latimer.errors import InputError
from latimer.rl.mdp.arrays import Flags, Floats, Ints
from latimer.rl.mdp.finite_mdp import FiniteMDP
from latimer.rl.mdp.kernels import attract, gauss_seidel_sweep


def idle_states(mdp: FiniteMDP) -> Flags:
    """Which states [states] can be stayed among for ever at no cost.

    Raises InputError, naming the state, when the conditions of this module do not hold.
    """
    chosen, missing = ending_rows(mdp, np.ones(mdp.rows, bool))
    if missing:
        raise InputError(
            f"{mdp.name(int(np.argmin(chosen)))}: no policy ends the episode from here, so with "
            "discount 1 there is no finite value; use a discount below 1"
        )
    endless = end_component_rows(mdp, mdp.termination == 0)
    gains = endless & (mdp.reward > 0)
    if gains.any():
        row = int(np.argmax(gains))
        where = mdp.name(int(mdp.state[row]), int(mdp.action[row]))
        raise InputError(
            f"{where}: its reward can be collected again and again for ever, so with discount 1 "
            "values may be infinite; use a discount below 1"
        )
    idle = np.zeros(mdp.states, bool)
    idle[mdp.state[end_component_rows(mdp, endless & (mdp.reward == 0))]] = True
    return idle


def ending_rows(mdp: FiniteMDP, allowed: Flags) -> tuple[Ints, int]:
    """A row [states] for each state, all `allowed` [rows], that together end the episode.

    Also the number of states for which there is none; their entry is -1.
    """
    row_start, indptr, successor, *_ = mdp.table
    chosen = np.empty(mdp.states, np.int64)
    flags = allowed.astype(np.int64)
    missing = attract(row_start, indptr, successor, mdp.termination, flags, chosen)
    return chosen, missing


def end_component_rows(mdp: FiniteMDP, among: Flags) -> Flags:
    """The rows [rows] of all maximal end components that use only the rows `among` [rows]."""
    entries = np.repeat(np.arange(mdp.rows), np.diff(mdp.continuation.indptr))
    source, successor = mdp.state[entries], mdp.continuation.indices
    kept = among.copy()
    while True:
        alive = kept[entries]
        edges = (np.ones(int(alive.sum())), (source[alive], successor[alive]))
        graph = sparse.csr_matrix(edges, shape=(mdp.states, mdp.states))
        _, component = connected_components(graph, directed=True, connection="strong")
        leaves = alive & (component[source] != component[successor])
        if not leaves.any():
            return kept
        kept[entries[leaves]] = False


def quickest_rows(mdp: FiniteMDP, allowed: Flags) -> Ints | None:
    """Rows [states] among the `allowed` [rows] that end the episode in about the fewest steps.

    None when some state has no allowed way to the end. Few steps make the evaluation of the
    policy well conditioned: a policy that merely ends may take exponentially many.
    """
    if ending_rows(mdp, allowed)[1]:
        return None
    rows = np.flatnonzero(allowed)
    cost = np.full(len(rows), -1.0)
    ways = FiniteMDP(
        mdp.state[rows], mdp.action[rows], mdp.continuation[rows], mdp.termination[rows], cost, 1.0
    )
    values, chosen, backwards, change = np.zeros(mdp.states), ways.first_rows(), False, -np.inf
    # With changes below 1/10, -v falls by at least 8/10 a step on average: the policy ends.
    while change < -0.1:
        change, _ = gauss_seidel_sweep(*ways.table, values, chosen, backwards)
        backwards = not backwards
    return rows[chosen]


def near_greedy_rows(mdp: FiniteMDP, values: Floats, slack: float) -> Ints | None:
    """Rows [states] within `slack` of the best one step ahead that end the episode, or None."""
    ahead = mdp.reward + mdp.discount * (mdp.continuation @ values)
    best = np.maximum.reduceat(ahead, mdp.row_start[:-1])
    return quickest_rows(mdp, ahead >= best[mdp.state] - slack)


def ending_policy(mdp: FiniteMDP) -> Ints:
    """Rows [states] that end the episode; needs the conditions of this module."""
    rows = quickest_rows(mdp, np.ones(mdp.rows, bool))
    assert rows is not None
    return rows
