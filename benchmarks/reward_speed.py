"""Rewards of every prefix: Latimer's passes over tensors beside sacreBLEU, a prefix at a time.

On a translator's own subwords: the references of a test set, and hypotheses made of them by
exchanging a fifth of the tokens. One core, CPU seconds. SacreBLEU is handed the texts ready made;
Latimer begins from token ids. TER with its shifts is for whole translations alone, and sacreBLEU's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

import sacrebleu
import sentencepiece
import torch
from sacrebleu.metrics.ter import TER

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
from latimer.metrics.rewards import Reward, reward_named

BLEU = sacrebleu.BLEU(
    smooth_method="add-k", smooth_value=1, tokenize="none", effective_order=True, force=True
)
EDITS = TER(case_sensitive=True)
METRICS: dict[str, sacrebleu.BLEU | sacrebleu.CHRF | TER] = {
    "bleu": BLEU, "edits": EDITS, "chrf": sacrebleu.CHRF(), "word_bleu": BLEU, "word_edits": EDITS,
}  # fmt: skip
SENTENCES = {"bleu": 100, "edits": 25, "chrf": 50, "word_bleu": 100, "word_edits": 25}
"""How many sacreBLEU scores, every prefix of them."""

Ids = list[list[int]]


class Pieces:
    """A sentencepiece processor, as rewards see it."""

    def __init__(self, processor: sentencepiece.SentencePieceProcessor) -> None:
        self.processor = processor

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some pieces."""
        return str(self.processor.decode(list(ids)))

    def spellings(self) -> list[str]:
        """What each piece adds to a text."""
        pieces = map(self.processor.id_to_piece, range(self.processor.get_piece_size()))
        return [*[""] * 4, *[piece.replace("▁", " ") for piece in list(pieces)[4:]]]


def main() -> None:
    """Measure and report."""
    arguments = parser(__doc__, "reward_speed")
    arguments.add_argument("--batch", type=int, default=320, help="hypotheses (%(default)s)")
    flags = arguments.parse_args()
    pin(flags.core)
    text, rng = read_split(flags.data, "test_2016_flickr"), random.Random(0)
    processor = load_processor(train_joint_bpe(text, 2000))
    references = encode(processor, text).target
    everything = [token for sentence in references for token in sentence]
    hypotheses = [
        [rng.choice(everything) if rng.random() < 0.2 else token for token in sentence]
        for sentence in references
    ]
    pieces, rows, figures = Pieces(processor), [], {}
    for name, metric in METRICS.items():
        spell = pieces.decode if name not in ("bleu", "edits") else _apart
        few = [part[: SENTENCES[name]] for part in (hypotheses, references)]
        theirs = of_sacrebleu(metric, few[0], few[1], spell)
        mine = of_latimer(reward_named(name, pieces), hypotheses, references, flags.batch)
        rows.append([f"`{name}`", f"{theirs:,.0f}", f"{mine:,.0f}", f"{mine / theirs:,.0f}×"])
        figures[name] = {"latimer": mine, "sacrebleu": theirs}
    header = ["reward", "sacreBLEU, prefixes / CPU s", f"Latimer, {flags.batch} at a time", ""]
    report("BLEU as a reward", [markdown_table(header, rows)], figures, flags.json)


def of_latimer(reward: Reward, hypotheses: Ids, references: Ids, batch: int) -> float:
    """Prefixes scored in a CPU second: the better of two runs over everything."""
    seconds, scored = [0.0, 0.0], sum(map(len, hypotheses))
    for start in range(0, len(references), batch):
        parts = hypotheses[start:][:batch], references[start:][:batch]
        lengths = [torch.tensor([len(sentence) for sentence in part]) for part in parts]
        tensors = pad(parts[0]), lengths[0], pad(parts[1]), lengths[1]
        reward(*tensors)
        for run in range(2):
            began = time.process_time()
            found = reward(*tensors)
            seconds[run] += time.process_time() - began
        assert found.max() <= 1
    return scored / min(seconds)


def of_sacrebleu(
    metric: sacrebleu.BLEU | sacrebleu.CHRF | TER,
    hypotheses: Ids,
    references: Ids,
    spell: Callable[[Sequence[int]], str],
) -> float:
    """Prefixes scored in a CPU second, their texts made before."""
    texts = [
        ([spell(tokens[:end]) for end in range(1, len(tokens) + 1)], [spell(reference)])
        for tokens, reference in zip(hypotheses, references, strict=True)
    ]
    began = time.process_time()
    for prefixes, wanted in texts:
        for prefix in prefixes:
            metric.sentence_score(prefix, wanted)
    return sum(len(prefixes) for prefixes, _ in texts) / (time.process_time() - began)


def _apart(tokens: Sequence[int]) -> str:
    """Pieces as words."""
    return " ".join(map(str, tokens))


if __name__ == "__main__":
    main()
