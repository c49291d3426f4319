"""A comparison as one JSON object; docs/how-to/compare-systems.md describes its keys."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from latimer.compare.report import ComparisonReport


def as_dict(report: ComparisonReport) -> dict[str, Any]:
    """Everything in the report, by the names of its fields.

    Intervals and ranges are lists of two numbers; what is not known is null.
    """
    found = asdict(report)
    found["languages"] = report.languages.model_dump()
    for shown, row in zip(found["systems"], report.systems, strict=True):
        for name, score in row.scores.items():
            shown["scores"][name] = {
                "value": score.value,
                "interval": [score.low, score.high],
                "members": list(score.members),
                "range": list(score.range),
            }
    for shown, pair in zip(found["pairs"], report.pairs, strict=True):
        shown["interval"] = [shown.pop("low"), shown.pop("high")]
        shown["clear"] = pair.clear
    return found


def as_json(report: ComparisonReport) -> str:
    """The object as text, indented."""
    return json.dumps(as_dict(report), ensure_ascii=False, indent=2) + "\n"
