"""`latimer evaluate`."""

from __future__ import annotations

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
    from latimer.metrics.corpus_scores import Score

_NAMES = {"bleu": "BLEU", "chrf": "chrF", "ter": "TER"}


def evaluate(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Text to translate.")],
    reference: Annotated[Path, typer.Argument(metavar="REF", help="Its translation, by line.")],
    metrics: Annotated[str, typer.Option(help="Which, with commas between.")] = "bleu,chrf,ter",
    hypotheses: Annotated[
        Path | None, typer.Option(help="Write the translations to this file.")
    ] = None,
    beam: Beam = None,
    alpha: Alpha = None,
    normalisation: Normalisation = None,
    coverage_penalty: CoveragePenalty = None,
    stop: Stop = None,
    max_length: MaxLength = None,
    min_length: MinLength = 0,
    no_repeat: NoRepeat = None,
    batch_tokens: BatchTokens = 2048,
    others: With = None,
    language_model: LanguageModel = None,
    lm_weight: LanguageModelWeight = None,
    reverse: Reverse = None,
    channel_weight: ChannelWeight = None,
    critic: Critic = None,
    critic_weight: CriticWeight = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    threads: Threads = None,
    device: Device = "cpu",
    precision: Precision = "auto",
    shortlist: ShortlistOption = "auto",
) -> None:
    """Translate SRC and score it against REF: BLEU, chrF, TER with sacreBLEU signatures."""
    import time

    from latimer.commands.streams import check_output, open_output
    from latimer.formats.parallel import read_parallel
    from latimer.metrics.corpus_scores import check_metrics, corpus_scores

    wanted = [name.strip() for name in metrics.lower().split(",")]
    check_metrics(wanted)
    texts, references = read_parallel(source, reference)
    if hypotheses is not None:
        check_output("--hypotheses", hypotheses, source, reference)
    translator, channel = load_engines(
        model, device, threads, precision, others or (), language_model, lm_weight, critic,
        critic_weight, shortlist, reverse, channel_weight,
    )  # fmt: skip
    stop = stop or "safe"
    own = translator.settings(
        beam=beam, alpha=alpha, normalisation=normalisation, max_length=max_length,
        coverage_penalty=coverage_penalty,
    )  # fmt: skip
    check_channel(reverse, others, own.beam)
    started = time.perf_counter()
    found = translator.translate(
        texts, **own._asdict(), stop=stop, batch_tokens=batch_tokens, min_length=min_length,
        no_repeat=no_repeat, channel=channel,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    translations = [translation.text for translation in found]
    if hypotheses is not None:
        with open_output(hypotheses) as out:
            out.writelines(line + "\n" for line in translations)
    language = translator.languages.target
    scores = corpus_scores(translations, references, wanted, language=language)
    search = own._asdict() | {"stop": stop}
    speed = {"sentences": len(texts), "seconds": seconds}
    with open_output(None) as out:
        out.write(_as_json(scores, search, speed) if json else _as_text(scores, search, speed))


def _as_text(scores: dict[str, Score], search: dict[str, Any], speed: dict[str, Any]) -> str:
    lines = [
        f"{_NAMES[name]:<5}{score.value:6.2f}   {score.signature}" for name, score in scores.items()
    ]
    how = "greedy" if search["beam"] == 1 else f"beam {search['beam']}"
    penalty = search["coverage_penalty"]
    coverage = f", coverage penalty {penalty:g}" if penalty else ""
    rate = speed["sentences"] / speed["seconds"]
    lines.append(
        f"{how}, alpha {search['alpha']:g} ({search['normalisation']}){coverage}, "
        f"stop {search['stop']}; "
        f"{speed['sentences']} sentences in {speed['seconds']:.1f} s ({rate:.1f} sentences/s)"
    )
    return "\n".join(lines) + "\n"


def _as_json(scores: dict[str, Score], search: dict[str, Any], speed: dict[str, Any]) -> str:
    from json import dumps

    shown: dict[str, Any] = {name: score._asdict() for name, score in scores.items()}
    shown |= {**search, **speed, "sentences_per_second": speed["sentences"] / speed["seconds"]}
    return dumps(shown, ensure_ascii=False, indent=2) + "\n"
