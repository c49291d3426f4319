"""Virtual environments of the peers, from PyPI, with what it takes to run them on a new PyTorch."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TORCH = "torch==2.13.0"


@dataclass(frozen=True)
class Environment:
    """What `pip install` is called with, one call a tuple, and how the result is mended."""

    name: str
    installs: tuple[tuple[str, ...], ...]
    mend: Callable[[Path], None]


def mend_joeynmt(packages: Path) -> None:
    """Take the argument `verbose` away: PyTorch's plateau scheduler no longer has it."""
    file = packages / "joeynmt" / "builders.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('            "verbose": False,\n', ""), encoding="utf-8")


def mend_nothing(packages: Path) -> None:
    """OpenNMT-py runs unchanged once its pins are passed over."""


JOEYNMT = Environment(
    "joeynmt",
    # importlib_metadata is imported but not declared; sentencepiece 0.2.3 lost a method it calls.
    ((TORCH, "joeynmt==2.3.0", "importlib_metadata", "sentencepiece==0.2.0"),),
    mend_joeynmt,
)

OPENNMT = Environment(
    "opennmt",
    # It pins torch<2.3, so its other dependencies are listed here.
    (
        ("--no-deps", "OpenNMT-py==3.5.1"),
        (
            *(TORCH, "configargparse", "ctranslate2>=4,<5", "fasttext-wheel", "flask"),
            *("pyahocorasick", "pyonmttok>=1.37,<2", "pyyaml", "rapidfuzz", "sacrebleu"),
            *("setuptools", "six", "spacy", "tensorboard>=2.3", "waitress"),
        ),
    ),
    mend_nothing,
)

CTRANSLATE2 = Environment("ctranslate2", (("ctranslate2==4.8.5",),), mend_nothing)

PLANNERS = Environment("planners", (("quantecon==0.11.4", "mdpsolver==0.10.2"),), mend_nothing)

RLAX = Environment("rlax", (("rlax==0.1.9", "jax"),), mend_nothing)


STABLE_BASELINES = Environment(
    "stable-baselines", ((TORCH, "stable-baselines3==2.9.2"),), mend_nothing
)


def ensure(environment: Environment, work: Path) -> Path:
    """The interpreter of an environment under `work`, made if need be.

    Raises RuntimeError with the end of pip's complaint.
    """
    folder = work / "environments" / environment.name
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if ready.exists():
        return python
    print(f"making {folder}", file=sys.stderr)
    venv.create(folder, clear=True, with_pip=True)
    for arguments in environment.installs:
        command = [str(python), "-m", "pip", "install", "--quiet", *arguments]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise RuntimeError(f"pip install {' '.join(arguments)}: {result.stderr[-2000:]}")
    environment.mend(next((folder / "lib").glob("python*/site-packages")))
    ready.touch()
    return python
