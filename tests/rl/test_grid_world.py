"""Grid worlds: the textbooks' values, the drawing's rules, the environment, the picture."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from latimer.errors import InputError
from latimer.rl import (
    FiniteMDP,
    gauss_seidel,
    modified_policy_iteration,
    policy_iteration,
    prioritised_sweeping,
    value_iteration,
)
from latimer.rl.grid.grid_world import GridWorld
from latimer.rl.grid.picture import picture
from latimer.rl.grid.worlds import WORLDS

PLANNERS = [
    value_iteration,
    gauss_seidel,
    prioritised_sweeping,
    policy_iteration,
    modified_policy_iteration,
]


def numbers(text: str) -> np.ndarray:
    return np.array([[float(word) for word in row.split()] for row in text.split("/")])


def test_example_3_5_under_the_random_policy():
    world = GridWorld.textbook("sutton-3.5")
    mdp = world.mdp()
    expected = numbers(
        "3.3 8.8 4.4 5.3 1.5 / 1.5 3.0 2.3 1.9 .5 / .1 .7 .7 .4 -.4 / "
        "-1.0 -.4 -.4 -.6 -1.2 / -1.9 -1.3 -1.2 -1.4 -2.0"
    )
    values = world.layout(mdp.under(mdp.uniform_policy()).value())
    np.testing.assert_allclose(values, expected, atol=0.0501)


@pytest.mark.parametrize("planner", PLANNERS)
def test_example_3_8_the_optimum(planner):
    world = GridWorld.textbook("sutton-3.5")
    expected = numbers(
        "22.0 24.4 22.0 19.4 17.5 / 19.8 22.0 19.8 17.8 16.0 / 17.8 19.8 17.8 16.0 14.4 / "
        "16.0 17.8 16.0 14.4 13.0 / 14.4 16.0 14.4 13.0 11.7"
    )
    values = world.layout(planner(world.mdp(), accuracy=1e-9).values)
    np.testing.assert_allclose(values, expected, atol=0.0501)
    assert values[0, 1] == pytest.approx(10 / (1 - 0.9**5))


def test_example_4_1_sweep_by_sweep():
    """Sutton & Barto, figure 4.1."""
    world = GridWorld.textbook("sutton-4.1")
    mdp = world.mdp()
    process = mdp.under(mdp.uniform_policy())
    values, seen = np.zeros(16), {}
    for sweep in range(1, 11):
        values = process.bellman(values)
        seen[sweep] = world.layout(values)
    assert seen[1][0].tolist() == [0, -1, -1, -1]
    assert seen[2][0].tolist() == [0, -1.75, -2, -2]
    assert seen[3][:2].tolist() == [[0, -2.4375, -2.9375, -3], [-2.4375, -2.875, -3, -2.9375]]
    np.testing.assert_allclose(seen[10][0, 1:], [-6.138, -8.352, -8.967], atol=6e-4)
    np.testing.assert_allclose(seen[10][1, 1:3], [-7.737, -8.428], atol=6e-4)
    expected = numbers("0 -14 -20 -22 / -14 -18 -20 -20 / -20 -20 -18 -14 / -22 -20 -14 0")
    np.testing.assert_allclose(world.layout(process.value()), expected, atol=1e-9)
    np.testing.assert_allclose(world.layout(process.evaluate(1e-6).values), expected, atol=1e-6)
    best = numbers("0 -1 -2 -3 / -1 -2 -3 -2 / -2 -3 -2 -1 / -3 -2 -1 0")
    for planner in PLANNERS:
        np.testing.assert_allclose(world.layout(planner(mdp).values), best, atol=1e-9)


@pytest.mark.parametrize("planner", PLANNERS)
@pytest.mark.parametrize(
    ("name", "value"), [("cliff", -13.0), ("windy", -15.0), ("windy-king", -7.0)]
)
def test_shortest_ways(planner, name, value):
    mdp = GridWorld.textbook(name).mdp()
    assert mdp.start @ planner(mdp).values == pytest.approx(value)


def test_cliff_agrees_with_gymnasium():
    import gymnasium

    theirs = gymnasium.make("CliffWalking-v1").unwrapped
    mdp = FiniteMDP.from_table(theirs.P, 0.9)
    world = GridWorld.textbook("cliff")
    ours = world.layout(policy_iteration(world.mdp(0.9)).values)
    np.testing.assert_allclose(ours[:3], policy_iteration(mdp).values.reshape(4, 12)[:3], atol=1e-9)


AIMA_ENTERING = ".8516 .9078 .9578 0 / .8016 nan .7003 0 / .7453 .6953 .6514 .4279"
AIMA_STATE = ".812 .868 .918 1 / .762 nan .660 -1 / .705 .655 .611 .388"
AIMA_STATE_9 = ".509 .650 .795 1 / .399 nan .486 -1 / .296 .254 .345 .130"


@pytest.mark.parametrize("planner", PLANNERS)
def test_aima_rewards_on_entering(planner):
    """Russell & Norvig, 4th edition, chapter 17: R(s, a, s')."""
    world = GridWorld.textbook("aima")
    values = world.layout(planner(world.mdp()).values)
    np.testing.assert_allclose(values, numbers(AIMA_ENTERING), atol=6e-5)


@pytest.mark.parametrize("planner", PLANNERS)
@pytest.mark.parametrize(("discount", "printed"), [(1.0, AIMA_STATE), (0.9, AIMA_STATE_9)])
def test_aima_rewards_of_states(planner, discount, printed):
    """Russell & Norvig, 3rd edition, figure 17.3: R(s), paid by the terminal states as well."""
    world = GridWorld.textbook("aima")
    states = len(world.cells)
    transition = np.zeros((states, 4, states))
    for state in range(states):
        for action in range(4):
            for probability, successor, _, _ in world.outcomes(state, action):
                transition[state, action, successor] += probability
    symbols = [world.rows[line][column] for line, column in world.cells]
    reward = [{"+": 1.0, "-": -1.0}.get(symbol, -0.04) for symbol in symbols]
    terminal = [symbol in "+-" for symbol in symbols]
    mdp = FiniteMDP.from_dense(transition, reward, discount, terminal=terminal)
    values = world.layout(planner(mdp).values)
    np.testing.assert_allclose(values, numbers(printed), atol=6e-4)


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("render_mode", [None, "ansi"])
def test_worlds_are_proper_environments(name, render_mode):
    check_env(GridWorld.textbook(name).environment(render_mode))


def test_the_environment_follows_the_table():
    env = GridWorld.textbook("aima").environment()
    env.reset(seed=3)
    seen: dict[tuple[int, float, bool], int] = {}
    for _ in range(4000):
        env.state = 7
        state, reward, ended, truncated, _ = env.step(0)
        assert not truncated
        seen[state, reward, ended] = seen.get((state, reward, ended), 0) + 1
    expected: dict[tuple[int, float, bool], float] = {}
    for probability, *outcome in env.P[7][0]:
        expected[tuple(outcome)] = expected.get(tuple(outcome), 0) + probability
    assert seen.keys() == expected.keys()
    for outcome, probability in expected.items():
        assert abs(seen[outcome] / 4000 - probability) < 0.04


def test_same_seed_same_episode():
    def walk():
        env = GridWorld.textbook("aima").environment()
        states = [env.reset(seed=5)[0]]
        for action in [0, 1, 2, 3] * 10:
            state, _, ended, _, _ = env.step(action)
            states.append(state)
            if ended:
                break
        return states

    assert walk() == walk()


def test_the_agent_is_drawn():
    env = GridWorld.textbook("cliff").environment("ansi")
    env.reset(seed=0)
    assert env.render() == "............\n" * 3 + "@CCCCCCCCCCG\n"
    with pytest.raises(InputError, match="valid choices: ansi"):
        GridWorld.textbook("cliff").environment("human")


def test_pictures():
    world = GridWorld.from_text("S#G\n.C.\n...\n")
    found = policy_iteration(world.mdp())
    assert picture(world, found.values, found.policy) == (
        "-6.00↓  ######       G\n-5.00↓  ~~~~~~  -1.00↑\n-4.00→  -3.00→  -2.00↑\n"
    )
    coloured = picture(world, found.values, colour=True)
    assert coloured.count("\x1b[48;5;") == 6
    assert coloured.count("\x1b[0m") == 6


def test_walls_bumps_slips_wind_and_jumps():
    world = GridWorld.from_text(
        "bump: -3\nstep: -1\nslip: 0.5\nx = floor -7\nJ = jump t\nwind: 0 1 0 0\n\n..tG\n.xJ#\nS..."
    )
    state = {cell: at for at, cell in enumerate(world.cells)}
    assert (1, 3) not in state
    left, up = 3, 0
    assert world.outcomes(state[2, 0], up) == [
        (0.5, state[1, 0], -1.0, False),
        (0.25, state[2, 1], -1.0, False),
        (0.25, state[2, 0], -3.0, False),
    ]
    assert world.outcomes(state[1, 2], left) == [(1.0, state[0, 2], -1.0, False)]  # J jumps
    # Wind in column 1 lifts what moves from there; coming into J pays a step.
    assert world.outcomes(state[2, 1], 1)[0] == (0.5, state[1, 2], -1.0, False)
    assert world.outcomes(state[0, 0], 2)[1] == (0.25, state[0, 0], -3.0, False)
    entering_x = [o for o in world.outcomes(state[1, 0], 1) if o[1] == state[1, 1]]
    assert entering_x == [(0.5, state[1, 1], -7.0, False)]


def test_starts_are_even_over_s_or_over_the_floor():
    assert GridWorld.from_text("S.SG").start.tolist() == [0.5, 0, 0.5, 0]
    assert GridWorld.from_text("..G").start.tolist() == [0.5, 0.5, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "w: no drawing"),
        ("step: -1\n\n", "w, line 1, column 1: 's' has no meaning"),
        ("S.\n.\n", "w, line 2, column 2: 1 cells, but line 1 has 2"),
        ("S.\n...\n", "w, line 2, column 3: 3 cells"),
        ("S.?\n", r"w, line 1, column 3: '\?' has no meaning"),
        ("##\n", "w, line 1, column 1: the drawing has no floor"),
        ("G\n", "no floor"),
        ("SC\nS.\n", "w, line 1, column 2: C leads back to the start.*there are 2"),
        ("A = jump a 1\n\nA.\n", "w, line 3, column 1: A jumps to a.*drawn 0 times"),
        ("A = jump\n\nA.\n", "w, line 1: write `A = jump TARGET REWARD`"),
        ("A = fly\n\nA.\n", "w, line 1: after = come floor"),
        ("A = end one\n\nA.\n", "w, line 1: reward: 'one' is not a number"),
        (". = wall\n\n..\n", "w, line 1: the meaning of '.' is fixed"),
        ("speed: 3\n\n..\n", "w, line 1: 'speed: 3' is no rule; valid: discount, step"),
        ("step: fast\n\n..\n", "w, line 1: step: 'fast' is not a number"),
        ("step: inf\n\n..\n", "w, line 1: step: 'inf' is not a number"),
        ("slip: 2\n\n..\n", r"w, line 1: slip: 2 is outside \[0, 1\]"),
        ("discount: -1\n\n..\n", "w, line 1: discount: -1 is outside"),
        ("moves: 5\n\n..\n", "w, line 1: moves: '5'; valid choices: 4, 8"),
        ("wind: 1\n\n..\n", "w: wind has 1 numbers, but the drawing has 2 columns"),
        ("wind: 1 -2\n\n..\n", "w, line 1: wind: one whole number"),
        ("step: 1\n\n..\n\n..\n", "w, line 4: an empty line inside the drawing"),
    ],
)
def test_malformed_drawings_are_named_by_line_and_column(text, message):
    with pytest.raises(InputError, match=message):
        GridWorld.from_text(text, "w")


def test_unknown_worlds_and_files_are_named(tmp_path):
    with pytest.raises(InputError, match=r"there are: sutton-3\.5"):
        GridWorld.textbook("moon")
    file = tmp_path / "w.txt"
    file.write_text("S.\nx.\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"w\.txt, line 2, column 1"):
        GridWorld.from_file(file)
    file.write_text("S.G\n", encoding="utf-8")
    assert GridWorld.from_file(file).shape == (1, 3)
