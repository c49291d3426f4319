"""Options that `translate` and `evaluate` share, and what is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from latimer.engines.neural import NeuralTranslator
    from latimer.engines.noisy_channel import NoisyChannel

Beam = Annotated[
    int | None,
    typer.Option(help="Width of the beam; 1 is greedy search.  [default: the model's, usually 5]"),
]
Alpha = Annotated[
    float | None,
    typer.Option(help="Exponent of length normalisation.  [default: the model's, usually 1]"),
]
Normalisation = Annotated[
    str | None,
    typer.Option(help="Length normalisation: power, gnmt or none.  [default: the model's]"),
]
CoveragePenalty = Annotated[
    float | None,
    typer.Option(
        help="GNMT's penalty on what of the source was not read; 0 is none.  [default: the model's]"
    ),
]
Stop = Annotated[
    str | None,
    typer.Option(
        help="When the beam ends: safe (nothing else can win), near (up to a tenth faster, "
        "misses next to nothing) or first (faster still, misses a lot).  [default: safe]"
    ),
]
MaxLength = Annotated[
    int | None,
    typer.Option(
        help="Most pieces of a translation.  [default: the model's, or twice the source's and 10]"
    ),
]
BatchTokens = Annotated[int, typer.Option(help="Source pieces translated together.")]
Threads = Annotated[int | None, typer.Option(help="CPU threads.  [default: every core]")]
Device = Annotated[str, typer.Option(help="Where to compute: cpu, cuda, cuda:1, …")]

Precision = Annotated[
    str,
    typer.Option(
        help="Products in search: auto (what is fast here, for one sentence or for several), fp32, "
        "fp16 or int8."
    ),
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
    float | None,
    typer.Option("--critic-weight", help="Weight of --critic; choose it on dev.  [default: 1]"),
]
Reverse = Annotated[
    Path | None,
    typer.Option(
        metavar="MODEL",
        help="Translator of the other direction: rank all that the beam finds by how well it, "
        "and --lm, explain it (noisy channel).",
    ),
]
ChannelWeight = Annotated[float | None, typer.Option(help="Weight of --reverse.  [default: 1]")]
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
    from latimer.engines.neural import load
    from latimer.errors import InputError
    from latimer.train.loop.allocator import keep_freed_memory

    if threads is not None and not 1 <= threads <= 1024:
        raise InputError(f"--threads: 1 to 1024 expected, not {threads}")
    keep_freed_memory()
    return load(
        model, device, threads, precision, others=others, language_model=language_model,
        weight=weight, critic=critic, critic_weight=critic_weight, shortlist=shortlist,
    )  # fmt: skip


def check_channel(
    reverse: Path | None, others: Sequence[Path] | None, beam: int, *, alone: bool = True
) -> None:
    """Refuse what does not go together with `--reverse`; `alone`: with the beam."""
    from latimer.errors import InputError

    if reverse is None:
        return
    if others:
        raise InputError("--reverse and --with exclude each other: one direct model is reranked")
    if not alone:
        raise InputError("--reverse ranks what the beam finds; --sample and --search exclude it")
    if beam == 1:
        raise InputError("--reverse has nothing to choose from with --beam 1; widen the beam")


def load_engines(
    model: Path,
    device: str,
    threads: int | None,
    precision: str,
    others: Sequence[Path],
    language_model: Path | None,
    lm_weight: float | None,
    critic: Path | None,
    critic_weight: float | None,
    shortlist: str,
    reverse: Path | None,
    channel_weight: float | None,
) -> tuple[NeuralTranslator, NoisyChannel | None]:
    """A translator, and with `reverse` what reranks its findings; that takes the language model.

    Raises InputError for the weight of a model that is not there.
    """
    from latimer.engines.noisy_channel import load_channel

    _check_weight("--lm-weight", lm_weight, "a language model: add --lm FOLDER", language_model)
    _check_weight("--critic-weight", critic_weight, "a critic: add --critic FOLDER", critic)
    _check_weight("--channel-weight", channel_weight, "reranking: add --reverse MODEL", reverse)
    translator = load_translator(
        model, device, threads, precision, others, None if reverse else language_model,
        0.1 if lm_weight is None else lm_weight, critic,
        1.0 if critic_weight is None else critic_weight, shortlist,
    )  # fmt: skip
    if reverse is None:
        return translator, None
    return translator, load_channel(
        translator.model, reverse, language_model, device=device, language_weight=lm_weight,
        channel_weight=1.0 if channel_weight is None else channel_weight,
    )  # fmt: skip


def _check_weight(option: str, weight: float | None, purpose: str, model: Path | None) -> None:
    from latimer.errors import InputError

    if weight is not None and model is None:
        raise InputError(f"{option} is for {purpose}")
