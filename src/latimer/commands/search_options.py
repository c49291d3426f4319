"""Options that `translate` and `evaluate` share, and what is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from latimer.engines.neural import NeuralTranslator

Beam = Annotated[int, typer.Option(help="Width of the beam; 1 is greedy search.")]
Alpha = Annotated[float, typer.Option(help="Exponent of length normalisation.")]
Normalisation = Annotated[str, typer.Option(help="Length normalisation: power, gnmt or none.")]
CoveragePenalty = Annotated[
    float, typer.Option(help="GNMT's penalty on what of the source was not read; 0 is none.")
]
Stop = Annotated[
    str, typer.Option(help="When to end a search: safe, or first (faster, a heuristic).")
]
MaxLength = Annotated[
    int | None,
    typer.Option(help="Most pieces of a translation.  [default: twice the source's and 10]"),
]
BatchTokens = Annotated[int, typer.Option(help="Source pieces translated together.")]
Threads = Annotated[int | None, typer.Option(help="CPU threads.  [default: every core]")]
Device = Annotated[str, typer.Option(help="Where to compute: cpu, cuda, cuda:1, …")]

Precision = Annotated[
    str, typer.Option(help="Products in search: auto (int8 where it pays), fp32 or int8.")
]


With = Annotated[
    list[Path] | None,
    typer.Option("--with", metavar="MODEL", help="Search with this model too, as an ensemble."),
]
LanguageModel = Annotated[
    Path | None,
    typer.Option("--lm", help="Language model whose scores are added in search, or by --reverse."),
]
LanguageModelWeight = Annotated[
    float | None,
    typer.Option(
        "--lm-weight",
        help="Weight of --lm.  [default: 0.1; with --reverse that of --channel-weight]",
    ),
]
Critic = Annotated[
    Path | None,
    typer.Option("--critic", help="Folder of a critic whose values are added in search."),
]
CriticWeight = Annotated[
    float, typer.Option("--critic-weight", help="Weight of --critic; choose it on dev.")
]
MinLength = Annotated[int, typer.Option(min=0, help="Fewest pieces of a translation.")]
ShortlistOption = Annotated[
    str,
    typer.Option(
        "--shortlist",
        metavar="auto|off|N",
        help="Search among the N likeliest translations of each source piece and frequent pieces.",
    ),
]
NoRepeat = Annotated[int | None, typer.Option(min=1, help="Never so many pieces in a row twice.")]


def load_translator(
    model: Path,
    device: str,
    threads: int | None,
    precision: str,
    others: Sequence[Path] = (),
    language_model: Path | None = None,
    weight: float = 0.1,
    critic: Path | None = None,
    critic_weight: float = 1.0,
    shortlist: str = "auto",
) -> NeuralTranslator:
    """The translator in a model folder, on so many threads of which each has a core."""
    import torch

    from latimer.engines.neural import load
    from latimer.errors import InputError
    from latimer.threads import available_cores
    from latimer.train.allocator import keep_freed_memory

    if threads is not None and not 1 <= threads <= 1024:
        raise InputError(f"--threads: 1 to 1024 expected, not {threads}")
    torch.set_num_threads(1)
    keep_freed_memory()
    threads = threads or (available_cores() if device == "cpu" else 1)
    return load(
        model, device, threads, precision, others=others, language_model=language_model,
        weight=weight, critic=critic, critic_weight=critic_weight, shortlist=shortlist,
    )  # fmt: skip
