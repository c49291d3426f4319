"""What the command line names as systems."""

import re

import pytest

from latimer.compare.systems import Kind, Member, System, read_system, read_systems
from latimer.errors import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("run/models/best", "b", "c"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("out.de", "x=y", "one,two"):
        (tmp_path / name).write_text("a\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "name", "members"),
    [
        ("copy", "copy", [(Kind.COPY, "copy")]),
        ("run/models/best", "run", [(Kind.TRANSLATOR, "run/models/best")]),
        ("b", "b", [(Kind.TRANSLATOR, "b")]),
        ("out.de", "out.de", [(Kind.FILE, "out.de")]),
        ("DeepL=out.de", "DeepL", [(Kind.FILE, "out.de")]),
        ("x=y", "x=y", [(Kind.FILE, "x=y")]),
        ("one,two", "one,two", [(Kind.FILE, "one,two")]),
        ("apertium:en-es", "apertium:en-es", [(Kind.TRANSLATOR, "apertium:en-es")]),
        ("GRU=b,c,out.de", "GRU", [(Kind.TRANSLATOR, "b"), (Kind.TRANSLATOR, "c"),
                                   (Kind.FILE, "out.de")]),
    ],
)  # fmt: skip
def test_systems_are_read(folder, text, name, members):
    assert read_system(text) == System(name, tuple(Member(*one) for one in members))


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["deepl.de"], "'deepl.de': no such system; a system is a model folder, the name of an"),
        (["A=b,"], "'': no such system"),
        (["b,c"], "b,c: a group of systems needs a name: NAME=b,c"),
        (["=b"], "=b: a name is expected before ="),
        (["A=b", "A=c"], "2 systems are called 'A'; name them apart with NAME=SYSTEM"),
    ],
)
def test_what_is_no_system_is_refused(folder, texts, says):
    with pytest.raises(InputError, match=re.escape(says)):
        read_systems(texts)
