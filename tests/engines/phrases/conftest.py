"""A phrase-based model of a made-up language, trained once by the command."""

import pytest
from command import latimer

from made_language import sentences


def write_corpus(folder, train=420, dev=120):
    pairs = sentences(640)
    parts = {"train": pairs[:train], "dev": pairs[train : train + dev], "test": pairs[-40:]}
    for part, some in parts.items():
        for side, code in enumerate(("en", "eo")):
            text = "".join(f"{pair[side]}\n" for pair in some)
            (folder / f"{part}.{code}").write_text(text, "utf-8")
    return [
        f"--set=data.{part}.{side}={folder / f'{part}.{code}'}"
        for part in ("train", "dev")
        for side, code in (("source", "en"), ("target", "eo"))
    ] + ["--set=data.source_language=en", "--set=data.target_language=eo"]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return folder, write_corpus(folder)


@pytest.fixture(scope="session")
def model(corpus, tmp_path_factory):
    run = tmp_path_factory.mktemp("phrases") / "run"
    out = latimer("train", "koehn2003", "--run", run, "--set=tuning.rounds=2", *corpus[1])
    assert out.stdout.decode().strip() == str(run / "models" / "best"), out.stderr.decode()
    return run / "models" / "best"
