"""`latimer evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latimer.commands.search_options import (
    Beam,
    EngineDevice,
    Given,
    GlossaryFile,
    MaxLength,
    Set,
    Threads,
    lines_of,
)
from latimer.metrics.corpus_scores import METRICS, NAMES

if TYPE_CHECKING:
    from latimer.metrics.corpus_scores import Score
    from latimer.search.strategies import Search


def evaluate(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Text to translate.")],
    reference: Annotated[
        Path, typer.Argument(metavar="REF", help="Reference translations, line by line.")
    ],
    metrics: Annotated[
        str, typer.Option(help=f"Metrics, separated by commas: {NAMES}.")
    ] = "bleu,chrf,ter",
    hypotheses: Annotated[
        Path | None, typer.Option(help="Write the translations to this file.")
    ] = None,
    beam: Beam = None,
    glossary: GlossaryFile = None,
    max_length: MaxLength = None,
    settings: Set = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    threads: Threads = None,
    device: EngineDevice = None,
) -> None:
    """Translate SRC and score it against REF; sacreBLEU signatures say how."""
    import time

    from latimer.commands.streams import check_output, open_output
    from latimer.commands.user_modules import find_user_modules
    from latimer.formats.parallel import read_parallel
    from latimer.metrics.corpus_scores import check_metrics, corpus_scores

    wanted = [name.strip() for name in metrics.lower().split(",")]
    check_metrics(wanted)
    texts, references = read_parallel(source, reference)
    if hypotheses is not None:
        check_output("--hypotheses", hypotheses, source, reference)
    find_user_modules()
    given = Given(
        {
            "search.width": ("--beam", beam),
            "constraints.glossary": ("--glossary", glossary),
            "constraints.max_length": ("--max-length", max_length),
            "engine.threads": ("--threads", threads),
            "engine.device": ("--device", device),
        },
        settings,
    )
    with given.translator(model) as translator:
        search, constraints = given.search(translator), given.constraints()
        given.check(translator, search, constraints)
        started = time.perf_counter()
        found = translator.translate(texts, search, constraints=constraints)
        seconds = time.perf_counter() - started
        language = translator.languages.target
    translations = [translation.text for translation in found]
    if hypotheses is not None:
        with open_output(hypotheses) as out:
            out.writelines(line + "\n" for line in translations)
    scores = corpus_scores(translations, references, wanted, language=language)
    too_long = sum(translation.parts > 1 for translation in found)
    speed = {"sentences": len(texts), "too_long": too_long, "seconds": seconds}
    with open_output(None) as out:
        out.write(_as_json(scores, search, speed) if json else _as_text(scores, search, speed))


def _as_text(scores: dict[str, Score], search: Search, speed: dict[str, Any]) -> str:
    width = max(len(METRICS[name].title) for name in scores)
    lines = [
        f"{METRICS[name].title:<{width}} {score.value:6.2f}   {score.signature}"
        for name, score in scores.items()
    ]
    how = ", ".join(lines_of(search.model_dump(mode="json", exclude={"kind"})))
    rate = speed["sentences"] / speed["seconds"]
    lines.append(
        f"{search.kind}: {how}; {speed['sentences']} sentences in {speed['seconds']:.1f} s "
        f"({rate:.1f} sentences/s)"
    )
    if speed["too_long"]:
        share = speed["too_long"] / speed["sentences"]
        lines.append(
            f"{speed['too_long']} of {speed['sentences']} sentences ({share:.1%}) were too long "
            "for the model and translated in parts"
        )
    return "\n".join(lines) + "\n"


def _as_json(scores: dict[str, Score], search: Search, speed: dict[str, Any]) -> str:
    from json import dumps

    shown: dict[str, Any] = {name: score._asdict() for name, score in scores.items()}
    shown |= {"search": search.model_dump(mode="json"), **speed}
    shown["sentences_per_second"] = speed["sentences"] / speed["seconds"]
    return dumps(shown, ensure_ascii=False, indent=2) + "\n"
