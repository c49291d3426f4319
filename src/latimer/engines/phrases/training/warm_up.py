"""Compile what phrase-based models need, so that it is ready when a text has been read.

Compiled functions are kept on disk: only the first use on a machine takes time, most of a minute on
one core. `start` compiles beside other work; `python -m latimer.engines.phrases.training.warm_up`
compiles everything, and with the name of a part that part.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

TOKENS = 8
_DEV = 120
"""Sentences of the development set: as many as tuning needs, and more."""


def start() -> list[subprocess.Popen[bytes]]:
    """A process for each part; none where there can be none."""
    try:
        return [
            subprocess.Popen(
                [sys.executable, "-m", "latimer.engines.phrases.training.warm_up", part],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            for part in PARTS
        ]  # fmt: skip
    except OSError:
        return []


def compile_learning() -> None:
    """Alignment and phrases."""
    from latimer.recipe.phrases import PhrasesRecipe
    from latimer.statistical.alignment.align import align
    from latimer.statistical.phrases.learn import learn_phrases
    from latimer.statistical.sentences import Sentences

    text = Sentences.of([_sentence(number) for number in range(30)])
    fields = PhrasesRecipe.model_fields
    alignment = align(text, text, TOKENS, TOKENS, fields["alignment"].default)
    learn_phrases(text, text, alignment, fields["phrases"].default)


def compile_search() -> None:
    """Language model, search, and tuning."""
    from latimer.statistical.decoder.decoder import Decoder
    from latimer.statistical.decoder.features import DEFAULT_WEIGHTS, weight_array
    from latimer.statistical.decoder.search import Limits
    from latimer.statistical.language_model.model import NgramModel
    from latimer.statistical.phrases.phrase_table import PhraseTable
    from latimer.statistical.phrases.table_file import load_table, save_table
    from latimer.statistical.sentences import Sentences

    ones = np.arange(TOKENS + 1)
    ids = np.arange(TOKENS, dtype=np.int32)
    zeros = np.zeros((TOKENS, 10), np.float32)
    table = PhraseTable(
        ids, ones, ones, ids, ones, zeros[:, :4], zeros[:, :6], ids + 1, ids.astype(np.int8) * 0
    )
    text = Sentences.of([_sentence(number) for number in range(30)])
    with TemporaryDirectory() as folder:  # as they are when they have been read
        path = Path(folder) / "file"
        save_table(table, path)
        table = load_table(path, TOKENS, TOKENS)
        NgramModel.learn(text, TOKENS, 3).save(path)
        model = NgramModel.load(path, TOKENS)
    decoder = Decoder(table, model, weight_array(DEFAULT_WEIGHTS))
    decoder.derivations(_sentence(1), Limits(5, 2, 10.0))
    _tune(decoder)


def _tune(decoder: object) -> None:
    from latimer.statistical.decoder.decoder import Decoder
    from latimer.statistical.decoder.features import DEFAULT_WEIGHTS
    from latimer.statistical.decoder.search import Limits
    from latimer.statistical.sentences import Sentences
    from latimer.statistical.tuning.features import FeatureWeights
    from latimer.statistical.tuning.loop import tune
    from latimer.statistical.tuning.pool import NBest
    from latimer.statistical.tuning.settings import TuningSettings

    assert isinstance(decoder, Decoder)
    lines = [_sentence(number) for number in range(_DEV)]

    def decode(weights: np.ndarray) -> NBest:
        weighed = decoder.with_weights(weights)
        found = [weighed.candidates(line, Limits(5, 2, 10.0), 3) for line in lines]
        return NBest.of(
            [
                (one.tokens[one.offsets[k] : one.offsets[k + 1]].tolist(), one.features[k])
                for k in range(len(one.features))
            ]
            for one in found
        )

    references = Sentences.of([line[::-1] for line in lines])
    tune(decode, references, FeatureWeights.of(dict(DEFAULT_WEIGHTS)), TuningSettings(rounds=1))


PARTS: dict[str, Callable[[], None]] = {"learning": compile_learning, "search": compile_search}
"""What is compiled, each in a process of its own."""


def warm_up() -> None:
    """Compile everything, the parts side by side; returns when it is done."""
    for process in start():
        process.wait()


def _sentence(number: int) -> list[int]:
    return [(number * step + step) % TOKENS for step in range(1, 7)]


if __name__ == "__main__":
    if sys.argv[1:]:
        PARTS[sys.argv[1]]()
    else:
        warm_up()
