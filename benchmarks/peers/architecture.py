"""The two architectures that are measured, and what a target token costs in them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from benchmarks.common import VOCABULARY_SIZE


@dataclass(frozen=True)
class Architecture:
    """Sizes of a GRU encoder-decoder with Bahdanau attention; names as in a recipe.

    `encoder_size` is the width of one direction.
    """

    source_vocab: int = VOCABULARY_SIZE
    target_vocab: int = VOCABULARY_SIZE
    embedding: int = 256
    encoder_size: int = 256
    decoder_size: int = 512
    attention_size: int = 512
    readout: int = 256
    tied: str = "all"

    def keywords(self) -> dict[str, int | str]:
        """The sizes by name, of the vocabularies too."""
        return asdict(self)

    def training_flops(self, source_ratio: float, source_length: float) -> float:
        """Floating-point operations per target token of one training update (see FORMULA).

        `source_ratio`: source tokens per target token; `source_length`: mean tokens a source.
        """
        e, h, d = self.embedding, self.encoder_size, self.decoder_size
        a, r, v = self.attention_size, self.readout, self.target_vocab
        per_source = 2 * 3 * h * (e + h) + 2 * h * a
        steps = 3 * d * (e + 2 * h + d) + d * a + source_length * (a + 2 * h)
        per_target = steps + r * (d + 2 * h + e) + r * v
        return 3 * 2 * (source_ratio * per_source + per_target)


FORMULA = """\
FLOPs per target token =
3 x 2 x [ρ (2·3H(E+H) + 2H·A) + 3D(E+2H+D) + D·A + S(A+2H) + R(D+2H+E) + R·V]
(3: forward and twice as much backward; 2: multiply and add; E embedding, H encoder direction,
D decoder, A attention, R readout, V vocabulary, ρ source tokens per target token, S source length;
matrix products and attention sums only, no element-wise work, no padding, no optimiser)"""

SMALL = Architecture()
"""The prototype's: one embedding matrix for source, target and output; 5.9 M parameters."""

REFERENCE = Architecture(readout=512, tied="inputs")
"""The peers': shared input embeddings, an output layer of its own, 512 wide; 10 M parameters."""

ARCHITECTURES = {"small": SMALL, "reference": REFERENCE}
