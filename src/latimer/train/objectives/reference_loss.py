"""The negative log-likelihood of references, a regulariser of learning from reward."""

from __future__ import annotations

from torch import Tensor

from latimer.nn.output import smoothed_cross_entropy
from latimer.nn.seq2seq import Seq2Seq, pack
from latimer.text.batching import Batch


def negative_log_likelihood(network: Seq2Seq, batch: Batch) -> Tensor:
    """−Σ log p(reference | source) over the sentences of a batch, nats, `[]`.

    Added to a loss by reward as in Wu et al. 2016, equation 9, and Bahdanau et al. 2017, algorithm
    1. Dropout is that of the network's mode.
    """
    memory = network.encode(batch.source, batch.source_lengths)
    features = network.features(memory, batch.inputs, batch.target_lengths)
    labels = pack(batch.labels, batch.target_lengths)
    return smoothed_cross_entropy(features, network.output, labels, 0.0).loss
