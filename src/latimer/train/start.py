"""The network that a run began with, kept beside its state: what KL is measured from."""

from __future__ import annotations

from pathlib import Path

from latimer.files import write_atomically
from latimer.nn.critic import delayed
from latimer.nn.seq2seq import Seq2Seq
from latimer.train.tensors import load_weights, read_tensors, weights_of, write_tensors


def start_of(run: Path, network: Seq2Seq, *, fresh: bool) -> Seq2Seq | None:
    """A frozen copy of what `network` was when the run began, on the same device.

    Of a `fresh` run that is `network` as it is, and it is written to `run/start.safetensors`; None
    for a run begun by a version that did not write it. Raises LatimerError when the disk refuses
    and InputError when the file is damaged.
    """
    path, twin = run / "start.safetensors", delayed(network).eval()
    if fresh:
        write_atomically(path, lambda temporary: write_tensors(temporary, weights_of(twin)))
        return twin
    if not path.exists():
        return None
    load_weights(twin, read_tensors(path))
    return twin
