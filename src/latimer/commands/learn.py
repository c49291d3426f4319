"""`latimer learn`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latimer.commands.plan import ENV_HELP


def learn(
    env: Annotated[str, typer.Argument(metavar="ENV", help=ENV_HELP)],
    algorithm: Annotated[
        str,
        typer.Option(
            help="With a table: q-learning, sarsa, expected-sarsa, double-q, sarsa-lambda, "
            "q-lambda, dyna-q, prioritised-sweeping, certainty-equivalence. With networks: a2c, "
            "ppo, dqn, dynamics (a learned model)."
        ),
    ] = "q-learning",
    episodes: Annotated[
        int | None, typer.Option(min=1, help="Tables: episodes of a run.  [default: 500]")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Networks: steps of a run, of all copies.  [default: 60000]"),
    ] = None,
    alpha: Annotated[
        str | None,
        typer.Option(
            help="Tables: step size α. FIRST:LAST changes it linearly over the episodes; "
            "FIRST:LAST:SHAPE by a shape, exponential or harmonic. With /n at the end it is "
            "divided by the visits of the state and action, as in 1/n.  [default: 0.5]"
        ),
    ] = None,
    epsilon: Annotated[
        str | None,
        typer.Option(
            help="Tables: ε of the ε-greedy policy, or a schedule like that of --alpha.  "
            "[default: 0.1]"
        ),
    ] = None,
    discount: Annotated[
        float | None,
        typer.Option(
            help="γ, from 0 to 1.  [default: ENV's own; else 0.99, or the network setting's]"
        ),
    ] = None,
    initial: Annotated[
        float | None, typer.Option(help="Tables: initial action values.  [default: 0]")
    ] = None,
    decay: Annotated[
        float | None, typer.Option(help="λ of sarsa-lambda and q-lambda.  [default: 0.9]")
    ] = None,
    traces: Annotated[
        str | None,
        typer.Option(help="Traces: replacing, accumulating or dutch.  [default: replacing]"),
    ] = None,
    planning: Annotated[
        int | None,
        typer.Option(
            help="dyna-q, prioritised-sweeping: planning updates per step.  [default: 10]"
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Steps after which an episode is truncated.  [default: ENV's own; networks on "
            "grids and processes: 1000]",
        ),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(min=1, help="Independent runs.  [default: tables 10, networks 1]"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random choice.")] = 1,
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="Tables: runs at the same time.  [default: 1]"),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            metavar="KEY=VALUE",
            help="Networks: a setting of the algorithm; repeatable.",
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Networks: cpu, cuda, cuda:1, …  [default: cpu]")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Keyword of the Gymnasium environment; repeatable."
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw the learning curve, and a grid's action values (.png), or the values of a "
            "grid while a table is learned (.gif).",
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Write what `latimer play` reads: tables a file (.npz, .json), networks a folder.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Learn a policy from experience, with a table of action values or with neural networks."""
    from latimer.commands.rl_extra import require_rl

    require_rl()
    from importlib import import_module

    from latimer.commands.learn_request import request_of
    from latimer.commands.unread_options import given
    from latimer.rl.deep.settings import SETTINGS

    request = request_of(
        env, algorithm, settings, (picture, save, json),
        given(
            episodes=episodes, steps=steps, alpha=alpha, epsilon=epsilon, initial=initial,
            decay=decay, traces=traces, planning=planning, limit=limit, runs=runs,
            threads=threads, options=options, device=device, discount=discount, seed=seed,
        ),
    )  # fmt: skip
    kind = "deep" if algorithm in SETTINGS else "tabular"  # PyTorch takes seconds to import
    import_module(f"latimer.commands.learn_{kind}").run(request)
