"""`latimer translate`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latimer.commands.search_options import (
    Alpha,
    BatchTokens,
    Beam,
    ChannelWeight,
    CoveragePenalty,
    Critic,
    CriticWeight,
    Device,
    LanguageModel,
    LanguageModelWeight,
    MaxLength,
    MinLength,
    NoRepeat,
    Normalisation,
    Precision,
    Reverse,
    ShortlistOption,
    Stop,
    Threads,
    With,
    check_channel,
    load_engines,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from latimer.engines.translator import Translation
    from latimer.engines.ways import Way

FIRST_CHUNK, CHUNK = 64, 1024
"""Lines translated together: few at first, so that a reader soon sees something."""


def translate(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    file: Annotated[
        Path | None,
        typer.Argument(help="Text (or .gz), one sentence a line; stdin if absent or -."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file, not to stdout.")
    ] = None,
    beam: Beam = None,
    alpha: Alpha = None,
    normalisation: Normalisation = None,
    coverage_penalty: CoveragePenalty = None,
    stop: Stop = None,
    nbest: Annotated[
        int,
        typer.Option(help="So many for each line, as `line ||| text ||| score`; lines from 0."),
    ] = 1,
    max_length: MaxLength = None,
    batch_tokens: BatchTokens = 2048,
    sample: Annotated[
        bool,
        typer.Option("--sample", help="Draw translations instead of searching: --nbest of them."),
    ] = False,
    distinct: Annotated[
        bool,
        typer.Option("--distinct", help="Of --sample: without replacement, so that all differ."),
    ] = False,
    temperature: Annotated[
        float, typer.Option(help="Of --sample: scores are divided by it.")
    ] = 1.0,
    top_k: Annotated[
        int | None, typer.Option(help="Of --sample: only the so many most probable pieces.")
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Of --sample: only the fewest pieces with this share.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of --sample.")] = 0,
    search: Annotated[
        str,
        typer.Option(
            help="beam; diverse: a beam in --groups that avoid each other's words; exact: the best "
            "of all translations, within --budget; or mbr: of --samples drawn the one most like "
            "all of them."
        ),
    ] = "beam",
    groups: Annotated[
        int | None,
        typer.Option(help="Of diverse: equal parts of the beam.  [default: one for each place]"),
    ] = None,
    diversity: Annotated[
        float | None,
        typer.Option(help="Of diverse: log P is lowered so much by each use.  [default: 0.5]"),
    ] = None,
    samples: Annotated[int, typer.Option(help="Of mbr: so many are drawn.")] = 32,
    utility: Annotated[
        str, typer.Option(help="Of mbr: likeness by bleu, chrf, ter, or your own module:function.")
    ] = "bleu",
    budget: Annotated[
        int | None,
        typer.Option(min=1, help="Of exact: prefixes looked at for a line.  [default: 100000]"),
    ] = None,
    min_length: MinLength = 0,
    no_repeat: NoRepeat = None,
    prefix: Annotated[str, typer.Option(help="What every translation begins with.")] = "",
    must: Annotated[
        list[str] | None,
        typer.Option(metavar="PHRASE", help="What every translation holds; may be repeated."),
    ] = None,
    glossary: Annotated[
        Path | None,
        typer.Option(
            help="Source terms and target terms, a tab between: where a line holds the one, its "
            "translation holds the other."
        ),
    ] = None,
    others: With = None,
    language_model: LanguageModel = None,
    lm_weight: LanguageModelWeight = None,
    critic: Critic = None,
    critic_weight: CriticWeight = None,
    reverse: Reverse = None,
    channel_weight: ChannelWeight = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    threads: Threads = None,
    device: Device = "cpu",
    precision: Precision = "auto",
    shortlist: ShortlistOption = "auto",
) -> None:
    """Translate lines: one line out for every line in, in order; blank lines stay blank."""
    from latimer.commands.streams import in_chunks, open_output, stdin_lines
    from latimer.commands.user_modules import find_user_modules
    from latimer.files import read_lines
    from latimer.text.glossary import read_glossary

    translator, channel = load_engines(
        model, device, threads, precision, others or (), language_model, lm_weight, critic,
        critic_weight, shortlist, reverse, channel_weight,
    )  # fmt: skip
    find_user_modules()
    _check_beam(sample, search, beam=beam, alpha=alpha, normalisation=normalisation, stop=stop)
    own = translator.settings(beam=beam, alpha=alpha, normalisation=normalisation)
    way = _way(
        sample,
        distinct,
        search,
        nbest,
        (temperature, top_k, top_p, seed),
        (own.normalisation, own.alpha, own.beam, budget),
        (samples, utility),
    )
    apart, strength = _apart(search, own.beam, groups, diversity)
    check_channel(reverse, others, own.beam, alone=way is None)
    run = partial(
        translator.translate,
        beam=beam,
        alpha=alpha,
        normalisation=normalisation,
        coverage_penalty=coverage_penalty,
        stop=stop or "safe",
        nbest=1 if way else nbest,
        max_length=max_length,
        batch_tokens=batch_tokens,
        way=way,
        min_length=min_length,
        no_repeat=no_repeat,
        prefix=prefix,
        groups=apart,
        diversity=strength,
        must=must or (),
        glossary=None if glossary is None else read_glossary(glossary),
        channel=channel,
    )
    run([])  # refuses impossible settings before a line is read
    path = None if file is None or str(file) == "-" else file
    lines = stdin_lines() if path is None else read_lines(path)
    with open_output(output, path) as out:
        number = 0
        for chunk in in_chunks(lines, FIRST_CHUNK, CHUNK):
            for translation in run(chunk):
                out.writelines(line + "\n" for line in _shown(translation, number, nbest, json))
                number += 1
            out.flush()


def _way(
    sample: bool,
    distinct: bool,
    search: str,
    nbest: int,
    drawing: tuple[float, int | None, float | None, int],
    proving: tuple[str, float, int, int | None],
    likeness: tuple[int, str],
) -> Way | None:
    """What `--sample` and `--search` ask for; None is the beam."""
    from latimer.engines.ways import DistinctSampling, Exact, MinimumBayesRisk, Sampling
    from latimer.errors import InputError

    if search not in ("beam", "diverse", "exact", "mbr"):
        raise InputError(f"--search {search}: valid choices: beam, diverse, exact, mbr")
    if sample and search != "beam":
        raise InputError(f"--sample and --search {search} exclude each other")
    if distinct and not sample:
        raise InputError("--distinct is for drawing translations: add --sample")
    if search in ("exact", "mbr") and nbest != 1:
        raise InputError(f"--search {search} finds the best alone, not --nbest {nbest}")
    if search != "mbr" and likeness != (32, "bleu"):
        raise InputError("--samples and --utility are for --search mbr")
    if search != "exact" and proving[3] is not None:
        raise InputError("--budget is for --search exact")
    if search == "mbr":
        return MinimumBayesRisk(likeness[0], *drawing, likeness[1])
    if sample:
        return (DistinctSampling if distinct else Sampling)(nbest, *drawing)
    for name, value, default in zip(
        ("temperature", "top-k", "top-p", "seed"), drawing, (1.0, None, None, 0), strict=True
    ):
        if value != default:
            raise InputError(f"--{name} is for drawing translations: add --sample or --search mbr")
    if search != "exact":
        return None
    *_, budget = proving
    return Exact(*proving[:3]) if budget is None else Exact(*proving[:3], budget)


def _check_beam(sample: bool, search: str, **given: object) -> None:
    """Refuse what is for the beam where something else searches; exact search reads most of it."""
    from latimer.errors import InputError

    if sample or search in ("exact", "mbr"):
        for name in ("stop",) if search == "exact" else given:
            if given[name] is not None:
                way = "--sample" if sample else f"--search {search}"
                raise InputError(f"--{name} {given[name]} is for the beam, not for {way}")


def _apart(
    search: str, beam: int, groups: int | None, diversity: float | None
) -> tuple[int, float]:
    """Groups and diversity of a beam."""
    from latimer.errors import InputError

    if search == "diverse":
        return beam if groups is None else groups, 0.5 if diversity is None else diversity
    for name, value in (("groups", groups), ("diversity", diversity)):
        if value is not None:
            raise InputError(f"--{name} {value} is for --search diverse, not {search}")
    return 1, 0.5


def _shown(translation: Translation, number: int, nbest: int, json: bool) -> Iterator[str]:
    """The lines that show one translation of line `number`, counted from 0."""
    if translation.parts > 1:
        note = f"line {number + 1} is very long: translated in {translation.parts} parts"
        typer.echo(f"latimer: {note}", err=True)
    if translation.gap:
        typer.echo(
            f"latimer: line {number + 1}: not proven best, another may score higher by up to "
            f"{translation.gap:.4g}; raise --budget",
            err=True,
        )
    if json:
        yield _as_json(translation)
    elif nbest == 1:
        yield translation.text
    else:
        shown = [(translation.text, translation.score)]
        shown += [(other.text, other.score) for other in translation.alternatives]
        for text, score in shown:
            yield f"{number} ||| {text} ||| {score:.6f}"


def _as_json(translation: Translation) -> str:
    from json import dumps
    from math import isfinite

    shown: dict[str, Any] = {
        "source": translation.source,
        "text": translation.text,
        "score": translation.score,
        "alternatives": [{"text": a.text, "score": a.score} for a in translation.alternatives],
    }
    if translation.gap is not None:
        shown["proven"] = translation.gap == 0
        shown["gap"] = translation.gap if isfinite(translation.gap) else None
    return dumps(shown, ensure_ascii=False)
