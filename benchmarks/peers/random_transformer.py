"""A Transformer with random weights for CTranslate2, in int8, and how fast it translates.

This file is run by the interpreter of an environment where nothing of Latimer's is installed:
`FOLDER VOCABULARY` writes the model into FOLDER and then answers requests, a line of JSON each:
sources (lists of piece numbers), beam, batch and length, how many pieces each translation gets. The
answer holds the pieces written and the seconds of wall and processor that it took, on one thread.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

LAYERS, WIDTH, HEADS, INNER = 4, 256, 4, 1024


def shape_of(name: str, vocabulary: int) -> tuple[int, ...]:
    """The shape of a weight by its name in CTranslate2's specification; there are no biases."""
    *path, layer, _ = name.split("/")
    if layer.startswith(("embeddings", "projection")):
        return (vocabulary, WIDTH)
    if layer == "layer_norm":
        return (WIDTH,)
    first, second = layer == "linear_0", layer == "linear_1"
    if "ffn" in path:
        return (INNER, WIDTH) if first else (WIDTH, INNER)
    if "self_attention" in path:
        return (3 * WIDTH, WIDTH) if first else (WIDTH, WIDTH)
    return (2 * WIDTH, WIDTH) if second else (WIDTH, WIDTH)  # keys and values of the source


def write_model(folder: Path, vocabulary: int) -> None:
    """An int8 model whose embeddings and output layer are one matrix."""
    import ctranslate2  # type: ignore[import-not-found]
    import numpy as np

    spec = ctranslate2.specs.TransformerSpec.from_config((LAYERS, LAYERS), HEADS)
    random = np.random.default_rng(1)
    tied = random.normal(0, WIDTH**-0.5, (vocabulary, WIDTH)).astype(np.float32)

    for whole, value in list(spec.variables(ordered=True)):
        if value is not None:
            continue  # a setting, not a weight
        shape = shape_of(whole, vocabulary)
        *path, name = whole.split("/")
        if shape == tied.shape:
            drawn = tied
        elif name in ("gamma", "beta"):
            drawn = np.full(shape, float(name == "gamma"), dtype=np.float32)
        else:
            drawn = random.normal(0, shape[-1] ** -0.5, shape).astype(np.float32)
        setattr(find(spec, path), name, drawn)
    words = ["<blank>", "<s>", "</s>", "<unk>", *(f"p{i}" for i in range(4, vocabulary))]
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    spec.validate()
    spec.optimize(quantization="int8")
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))


def find(spec: Any, path: list[str]) -> Any:
    """The layer of a specification at `path`; `layer_3` is the fourth of its list `layer`."""
    for part in path:
        stem, _, number = part.rpartition("_")
        spec = getattr(spec, part) if hasattr(spec, part) else getattr(spec, stem)[int(number)]
    return spec


def answer(translator: Any, request: dict[str, Any]) -> dict[str, float]:
    """Translate what a request asks for."""
    sources = [[f"p{max(4, piece)}" for piece in source] for source in request["sources"]]
    length = request["length"]
    wall, cpu = time.perf_counter(), time.process_time()
    found = translator.translate_batch(
        sources, beam_size=request["beam"], max_batch_size=request["batch"],
        min_decoding_length=length, max_decoding_length=length,
    )  # fmt: skip
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"work": sum(len(one.hypotheses[0]) for one in found), "wall": wall, "cpu": cpu}


def main() -> None:
    """Write the model, then answer until standard input ends."""
    import ctranslate2

    folder = Path(sys.argv[1])
    write_model(folder, int(sys.argv[2]))
    translator = ctranslate2.Translator(
        str(folder), device="cpu", compute_type="int8", inter_threads=1, intra_threads=1
    )
    for line in sys.stdin:
        print(json.dumps(answer(translator, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
