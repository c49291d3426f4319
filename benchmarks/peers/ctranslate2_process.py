"""Train a Transformer with OpenNMT-py, convert it to CTranslate2's int8, and translate with it.

This file is run by the interpreter of OpenNMT-py's environment, where nothing of Latimer's is
installed: `train CLOCK CONFIG FOLDER` or `translate FOLDER SOURCE OUTPUT BEAM BATCH LIMIT`.
"""

from __future__ import annotations

import sys
from pathlib import Path

CONVERTED = "ctranslate2"


def train(clock_file: Path, config: Path, folder: Path) -> None:
    """Train as `run_timed` does, then write the int8 model into `folder`."""
    import run_timed  # type: ignore[import-not-found]  # it lies beside this file
    from ctranslate2.converters import OpenNMTPyConverter  # type: ignore[import-not-found]

    sys.argv = ["onmt_train", "--config", str(config)]
    clock = run_timed.UpdateClock()
    run_timed.run_opennmt(clock)
    clock.write(clock_file)
    (checkpoint,) = folder.glob("model_step_*.pt")
    converter = OpenNMTPyConverter(str(checkpoint), unsafe_deserialization=True)
    converter.convert(str(folder / CONVERTED), quantization="int8", force=True)


def translate(folder: Path, source: Path, output: Path, beam: int, batch: int, limit: int) -> None:
    """Translate a file of pieces on one thread."""
    import ctranslate2  # type: ignore[import-not-found]

    translator = ctranslate2.Translator(
        str(folder / CONVERTED), device="cpu", compute_type="int8", inter_threads=1, intra_threads=1
    )
    lines = [line.split() for line in source.read_text(encoding="utf-8").splitlines()]
    found = translator.translate_batch(
        lines, beam_size=beam, max_batch_size=batch, max_decoding_length=limit
    )
    text = "".join(" ".join(result.hypotheses[0]) + "\n" for result in found)
    output.write_text(text, encoding="utf-8")


def main() -> None:
    """The command line."""
    name, *arguments = sys.argv[1:]
    if name == "train":
        clock, config, folder = map(Path, arguments)
        train(clock, config, folder)
    else:
        folder, source, output = map(Path, arguments[:3])
        translate(folder, source, output, *map(int, arguments[3:]))


if __name__ == "__main__":
    main()
