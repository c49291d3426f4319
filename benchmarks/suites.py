"""Every benchmark by name, with its question and its needs, and the suites of benchmarks.

A module of `benchmarks` or `benchmarks.peers` has a `main` that reads its own options. A suite
hands it those that it needs: `{data}` is the folder of Multi30k, `{work}` a folder of its own,
`{model}` a model folder, `{text}` a folder with train, dev and test. What needs something that was
not given is left out, with a line that says which option would bring it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """A benchmark: its question, its module below `benchmarks` and the options of a suite."""

    question: str
    module: str
    arguments: tuple[str, ...] = ()

    @property
    def needs(self) -> list[str]:
        """Names of what a suite must be given to run it: `data`, `model`, `text`, `work`."""
        names = ("data", "model", "text", "work")
        return [name for name in names if any(f"{{{name}}}" in word for word in self.arguments)]


WORK = ("--work", "{work}")
DATA = ("--data", "{data}")

BENCHMARKS = {
    "startup": Benchmark(
        "How long does one wait for the command?", "startup", ("--model", "{model}")
    ),
    "first_try": Benchmark(
        "What does the quickstart give, alone and beside busy programs?", "first_try", WORK
    ),
    "auto_modes": Benchmark(
        "Are the threads and the precision that `auto` chooses the fastest?",
        "auto_modes",
        ("--text", "{text}/train"),
    ),
    "settings": Benchmark(
        "Which settings of a recipe learn most in the same CPU time?",
        "settings",
        ("--text", "{text}", *WORK),
    ),
    "multi30k_quality": Benchmark(
        "What BLEU does half an hour of training give?", "multi30k_quality", (*DATA, *WORK)
    ),
    "training_speed": Benchmark(
        "How fast is training beside plain PyTorch?", "training_speed", DATA
    ),
    "decoding_speed": Benchmark(
        "How fast is translating, and where does the time go?", "decoding_speed", DATA
    ),
    "phrases": Benchmark(
        "What does phrase-based translation cost, and what does it give?",
        "phrases",
        (*DATA, *WORK),
    ),
    "one_sentence": Benchmark(
        "How long does one wait for one sentence?", "one_sentence", (*DATA, "--model", "{model}")
    ),
    "peers": Benchmark(
        "How fast are training and translating beside JoeyNMT and OpenNMT-py?",
        "peers.compare",
        (*DATA, *WORK),
    ),
    "beside_transformer": Benchmark(
        "How fast is translating beside CTranslate2's int8 Transformer?",
        "peers.beside_transformer",
        (*DATA, *WORK),
    ),
    "combination": Benchmark(
        "Do a network and a phrase-based model translate better together?",
        "combination",
        ("--model", "{model}", "--text", "{text}", *WORK),
    ),
    "network_matrix": Benchmark(
        "What do cells and attentions bring at the same budget?", "network_matrix", (*DATA, *WORK)
    ),
    "perceptron": Benchmark(
        "Where does a network of fixed length end?", "perceptron", (*DATA, *WORK)
    ),
    "paradigms": Benchmark(
        "Which way of translating is best, and with how much text?", "paradigms", (*DATA, *WORK)
    ),
    "alignment_error": Benchmark(
        "How well does attention align words, beside IBM model 1 and an HMM?", "alignment_error"
    ),
    "reward_learning": Benchmark(
        "Which method learns most from reward in the same time?",
        "reward_learning",
        ("--model", "{model}", "--text", "{text}", *WORK),
    ),
    "planning": Benchmark(
        "How fast are the planners, beside QuantEcon and MDPSolver?", "planning", WORK
    ),
    "learning": Benchmark("How fast is tabular learning, beside rlax?", "learning", WORK),
    "deep_learning": Benchmark(
        "How soon is CartPole solved, beside stable-baselines3?", "deep_learning", WORK
    ),
}

QUICK = (
    "startup", "auto_modes", "training_speed", "decoding_speed", "one_sentence",
    "beside_transformer", "planning", "learning", "deep_learning",
)  # fmt: skip
"""Minutes each."""

FULL = (
    *QUICK,
    "peers",
    "first_try",
    "multi30k_quality",
    "reward_learning",
    "paradigms",
    "network_matrix",
)
"""With those that take an hour and more, on a machine that does nothing else."""

SUITES = {"quick": QUICK, "full": FULL}
