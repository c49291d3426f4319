"""BLEU of every prefix: Latimer's pass over tensors beside sacreBLEU, a prefix at a time.

On a translator's own subwords: the references of a test set, and hypotheses made of them by
exchanging a fifth of the tokens. One core, CPU seconds.
"""

from __future__ import annotations

import random
import time

import sacrebleu
import torch

from benchmarks.common import (
    encode,
    load_processor,
    markdown_table,
    pad,
    parser,
    pin,
    read_split,
    report,
    train_joint_bpe,
)
from latimer.metrics.sentence_bleu import prefix_bleu

THEIRS = 100  # sentences that sacreBLEU scores


def main() -> None:
    """Measure and report."""
    arguments = parser(__doc__, "reward_speed")
    arguments.add_argument("--batch", type=int, default=320, help="hypotheses (%(default)s)")
    flags = arguments.parse_args()
    pin(flags.core)
    text, rng = read_split(flags.data, "test_2016_flickr"), random.Random(0)
    references = encode(load_processor(train_joint_bpe(text, 2000)), text).target
    everything = [token for sentence in references for token in sentence]
    hypotheses = [
        [rng.choice(everything) if rng.random() < 0.2 else token for token in sentence]
        for sentence in references
    ]
    seconds, scored = 0.0, 0
    for start in range(0, len(references), flags.batch):
        some, others = hypotheses[start:][: flags.batch], references[start:][: flags.batch]
        lengths = [torch.tensor([len(sentence) for sentence in part]) for part in (some, others)]
        tensors = pad(some), lengths[0], pad(others), lengths[1]
        prefix_bleu(*tensors)
        began = time.process_time()
        found = prefix_bleu(*tensors)
        seconds += time.process_time() - began
        scored += int(lengths[0].sum())
    metric = sacrebleu.BLEU(
        smooth_method="add-k", smooth_value=1, tokenize="none", effective_order=True, force=True
    )
    words = [[" ".join(map(str, s)) for s in part[:THEIRS]] for part in (hypotheses, references)]
    began, prefixes = time.process_time(), 0
    for hypothesis, reference in zip(*words, strict=True):
        tokens = hypothesis.split()
        for end in range(1, len(tokens) + 1):
            metric.sentence_score(" ".join(tokens[:end]), [reference])
        prefixes += len(tokens)
    theirs = prefixes / (time.process_time() - began)
    mine = scored / seconds
    rows = [
        ["sacreBLEU, a prefix at a time", f"{theirs:,.0f}", ""],
        [f"Latimer, {flags.batch} hypotheses at a time", f"{mine:,.0f}", f"{mine / theirs:,.0f}×"],
    ]
    assert found.max() <= 1
    table = markdown_table(["", "prefixes / CPU s", ""], rows)
    report("BLEU as a reward", [table], {"latimer": mine, "sacrebleu": theirs}, flags.json)


if __name__ == "__main__":
    main()
