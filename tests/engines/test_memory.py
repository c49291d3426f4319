"""Estimates of memory against what a process really took, and refusals of what does not fit."""

import json
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from asking import asked, translator_of
from latimer.engines.neural import memory
from latimer.engines.neural.memory import free_bytes
from latimer.errors import InputError
from latimer.search.strategies import Exact, MinimumBayesRisk, Sampling
from tiny_model import copying_model, tiny_model

MEASURE = """
import json, os, sys, torch
from latimer.engines.neural.memory import Size, needed_bytes, row_of
from latimer.nn.build import build_network
from latimer.nn.description import NetworkDescription
from latimer.search.rules import MinimumLength, Ruled
from latimer.search.beam import beam_search
from latimer.search.strategies import Beam

torch.set_num_threads(1)

def peak():  # ru_maxrss would begin with what the process that started this one had taken
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmHWM"))

def measure(vocab, time, attention, ruled):
    description = NetworkDescription(
        embedding=8, encoder_size=8, decoder_size=16, attention_size=64, readout=8,
        attention=attention,
    )
    network = build_network(description, source_vocab=vocab, target_vocab=vocab).eval()
    scorer = Ruled(network, [MinimumLength(2)]) if ruled else network
    source, lengths = torch.full((1, time), 5), torch.tensor([time])
    with torch.inference_mode():
        beam_search(scorer, source, lengths, Beam(5), max_length=2)
        before = peak()
        beam_search(scorer, source, lengths, Beam(3000), max_length=4)
    size = Size(3000, time, 4, mixed=ruled)
    print(peak() - before, needed_bytes([row_of(network, vocab)], size), flush=True)

for network in json.loads(sys.argv[1]):
    child = os.fork()  # a process for each, whose memory nothing has used before
    if not child:
        measure(*network)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""
WIDE = [
    (8000, 5, "bahdanau", False), (100, 300, "bahdanau", False), (100, 200, "coverage", False),
    (100, 200, "luong_concat", False), (4000, 5, "luong_general", True),
]  # fmt: skip
"""Vocabulary, length of the source, attention, and whether rules are kept to."""


@pytest.fixture(scope="module")
def measured():
    """What each network of WIDE took and what was estimated, in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, json.dumps(WIDE)], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", range(len(WIDE)), ids=lambda number: WIDE[number][2])
def test_the_estimate_is_near_what_a_wide_beam_takes(measured, number):
    taken, estimate = measured[number]
    assert taken > 100e6
    assert 0.95 * taken < estimate < 4 * taken


@pytest.fixture
def scarce(monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda device: 10_000_000)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beam": 4000}, "search.width 4000 and max_length 14 for a text of 1 pieces: "),
        (
            {"beam": 300, "max_length": 5000},
            "search.width 300 and max_length 5000 for a text of 1 pieces: ",
        ),
        (
            {"beam": 300, "min_length": 4000},
            "search.width 300 and max_length 4010 for a text of 1 pieces: ",
        ),
        (
            {"search": Sampling(4000)},
            "search.samples 4000 and max_length 14 for a text of 1 pieces: ",
        ),
        (
            {"search": Sampling(1000, distinct=True)},
            "search.samples 1000 and max_length 14 for a text of 1 pieces: ",
        ),
        (
            {"search": MinimumBayesRisk(4000)},
            "search.samples 4000 and max_length 14 for a text of 1 pieces: ",
        ),
        ({"search": Exact(4000)}, "search.width 4000 and max_length 14 for a text of 1 pieces: "),
    ],
)
def test_what_does_not_fit_is_refused_before_a_text_is_read(scarce, settings, message):
    translator = translator_of(tiny_model())
    with pytest.raises(InputError) as caught:
        translator.translate([], **asked(**settings))
    of = re.split(r" \d", message)[0]
    assert str(caught.value).startswith(f"{message}the search would take about 0.")
    assert str(caught.value).endswith(
        f" GB are free on cpu; set {of} or constraints.max_length lower"
    )


def test_the_longest_text_counts_and_what_fits_is_translated(scarce):
    translator = translator_of(copying_model())
    assert translator.translate(["Kalo suti."], **asked(beam=5))[0].text == "Kalo suti."
    pieces = len(translator.engine.model.vocabulary.encode_source("Kalo miner suti. " * 9)[0])
    with pytest.raises(InputError, match=f"search.width 2500 .* for a text of {pieces} pieces"):
        translator.translate(["Kalo suti.", "Kalo miner suti. " * 9], **asked(beam=2500))


def test_a_long_prefix_counts(scarce):
    translator = translator_of(copying_model())
    prefix = "Kalo miner suti. " * 30
    pieces = len(translator.engine.model.vocabulary.encode_targets([prefix])[0])
    with pytest.raises(
        InputError, match=f"search.width 1300 and max_length {14 + pieces} for a text of 1"
    ):
        translator.translate([], **asked(beam=1300, prefix=prefix))


def test_batches_at_the_same_time_count_together(monkeypatch):
    model = copying_model()
    texts = ["Kalo suti.", "Miner vazo."]
    settings = {"beam": 1000, "max_length": 5}
    monkeypatch.setattr(memory, "free_bytes", lambda device: 3_500_000)
    translator_of(model, threads=1).translate(texts, **asked(**settings))
    with pytest.raises(InputError, match=r"on 2 threads: .* or threads lower"):
        translator_of(model, threads=2).translate(texts, **asked(**settings))


def test_free_memory_is_what_the_system_and_the_group_leave(tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 100 kB\nMemFree: 1 kB\nMemAvailable:     64 kB\n")
    assert memory._free_in_system(meminfo) == 65_536
    assert memory._free_in_system(tmp_path / "absent") > 0
    assert memory._free_in_group(tmp_path) is None
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 150\n")
    assert memory._free_in_group(tmp_path) == 450
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._free_in_group(tmp_path) is None


def test_free_memory_of_a_gpu_is_its_own(monkeypatch):
    fake = SimpleNamespace(
        mem_get_info=lambda device: (1000, 9000),
        memory_reserved=lambda device: 70,
        memory_allocated=lambda device: 30,
    )
    monkeypatch.setattr(torch, "cuda", fake)
    assert free_bytes(torch.device("cuda", 0)) == 1040
    assert free_bytes(torch.device("cpu")) > 1040
