"""Writes recording.json from a real Apertium with the pair eng-spa: python record.py."""

import json
from pathlib import Path

from latimer.engines.apertium.modes import MODES_FOLDERS, find_mode, read_mode
from latimer.engines.apertium.pipeline import Pipeline
from latimer.engines.apertium.stream import to_stream

TEXTS = [
    "This is a test.",
    "Open the window.",
    "The house is big.",
    "Delete {name} and %d files.",
    "Click <b>the red button</b> [now] ^x$ \\ / @ and wait.",
    "The glimberwock sleeps.",
    "See https://example.org/a?b=[1] for the prices.",
    "I have two cats. They are black.",
]

if __name__ == "__main__":
    mode = find_mode("en-es", MODES_FOLDERS)
    recorded = {}
    for option in ("-n", "-g"):
        pipeline = Pipeline(read_mode(mode, mark_unknown=option == "-g"), 60)
        sent = [to_stream(text) for text in TEXTS]
        recorded[option] = dict(zip(sent, pipeline.translate(sent), strict=True))
        pipeline.close()
    text = json.dumps(recorded, ensure_ascii=False, indent=1) + "\n"
    Path(__file__).with_name("recording.json").write_text(text, "utf-8")
