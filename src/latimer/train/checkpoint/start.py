"""The network that a run began with, kept beside its state: what KL is measured from."""

from __future__ import annotations

from pathlib import Path

from latimer.files import write_atomically
from latimer.nn.rl.critic import delayed
from latimer.nn.seq2seq import Seq2Seq
from latimer.tensors import load_weights, read_tensors, weights_of, write_tensors


def start_of(run: Path, network: Seq2Seq, *, fresh: bool, phase: int = 0) -> Seq2Seq | None:
    """A frozen copy of what `network` was when the phase began, on the same device.

    Of a `fresh` phase that is `network` as it is, and it is written to `run/start.safetensors`,
    of later phases `run/2-start.safetensors` and so on, so that until the new phase has a state the
    one before it can still be continued. None for a run begun by a version that did not write it.
    Raises LatimerError when the disk refuses and InputError when the file is damaged.
    """
    name = f"{phase + 1}-start.safetensors" if phase else "start.safetensors"
    path, twin = run / name, delayed(network).eval()
    if fresh:
        write_atomically(path, lambda temporary: write_tensors(temporary, weights_of(twin)))
        return twin
    if not path.exists():
        return None
    load_weights(twin, read_tensors(path))
    return twin
