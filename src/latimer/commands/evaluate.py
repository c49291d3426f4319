"""`latimer evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latimer.commands.search_options import (
    Alpha,
    BatchTokens,
    Beam,
    CoveragePenalty,
    Critic,
    CriticWeight,
    Device,
    MaxLength,
    Normalisation,
    Precision,
    ShortlistOption,
    Stop,
    Threads,
    load_translator,
)

if TYPE_CHECKING:
    from latimer.metrics.report import Score

_NAMES = {"bleu": "BLEU", "chrf": "chrF", "ter": "TER"}


def evaluate(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Text to translate.")],
    reference: Annotated[Path, typer.Argument(metavar="REF", help="Its translation, by line.")],
    metrics: Annotated[str, typer.Option(help="Which, with commas between.")] = "bleu,chrf,ter",
    hypotheses: Annotated[
        Path | None, typer.Option(help="Write the translations to this file.")
    ] = None,
    beam: Beam = 5,
    alpha: Alpha = 1.0,
    normalisation: Normalisation = "power",
    coverage_penalty: CoveragePenalty = 0.0,
    stop: Stop = "safe",
    max_length: MaxLength = None,
    batch_tokens: BatchTokens = 2048,
    critic: Critic = None,
    critic_weight: CriticWeight = 1.0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    threads: Threads = None,
    device: Device = "cpu",
    precision: Precision = "auto",
    shortlist: ShortlistOption = "auto",
) -> None:
    """Translate SRC and score it against REF: BLEU, chrF, TER with sacreBLEU signatures."""
    import time

    from latimer.commands.streams import open_output
    from latimer.metrics.report import check_metrics, corpus_scores

    wanted = [name.strip() for name in metrics.lower().split(",")]
    check_metrics(wanted)
    texts, references = read_pairs(source, reference)
    translator = load_translator(
        model,
        device,
        threads,
        precision,
        critic=critic,
        critic_weight=critic_weight,
        shortlist=shortlist,
    )
    started = time.perf_counter()
    found = translator.translate(
        texts,
        beam=beam,
        alpha=alpha,
        normalisation=normalisation,
        coverage_penalty=coverage_penalty,
        stop=stop,
        max_length=max_length,
        batch_tokens=batch_tokens,
    )
    seconds = time.perf_counter() - started
    translations = [translation.text for translation in found]
    if hypotheses is not None:
        with open_output(hypotheses) as out:
            out.writelines(line + "\n" for line in translations)
    language = translator.model.config["languages"].get("target") or ""
    scores = corpus_scores(translations, references, wanted, language=language)
    search = {"beam": beam, "alpha": alpha, "normalisation": normalisation, "stop": stop}
    search["coverage_penalty"] = coverage_penalty
    speed = {"sentences": len(texts), "seconds": seconds}
    with open_output(None) as out:
        out.write(_as_json(scores, search, speed) if json else _as_text(scores, search, speed))


def read_pairs(source: Path, reference: Path) -> tuple[list[str], list[str]]:
    """Both files' lines; InputError when they are empty or do not match."""
    from latimer.errors import InputError
    from latimer.files import read_lines

    texts, references = list(read_lines(source)), list(read_lines(reference))
    if len(texts) != len(references):
        raise InputError(
            f"{source} has {len(texts)} lines but {reference} has {len(references)}; "
            "line by line, one must be the translation of the other"
        )
    if not texts:
        raise InputError(f"{source} is empty: nothing to evaluate")
    return texts, references


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
