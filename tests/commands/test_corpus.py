"""`latimer corpus`, through the real command."""

import json
import os
import subprocess
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import polib
import pytest
from command import LATIMER
from command import latimer_in as run

from generated import corpus_of, sentence, texts


def write_text(folder: Path, pairs: Sequence[tuple[str, str]]) -> None:
    (folder / "a.en").write_text("".join(f"{source}\n" for source, _ in pairs))
    (folder / "a.de").write_text("".join(f"{target}\n" for _, target in pairs))


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def parts(folder: Path) -> dict[str, list[tuple[str, str]]]:
    return {
        part: list(zip(lines(folder / f"{part}.en"), lines(folder / f"{part}.de"), strict=True))
        for part in ("train", "dev", "test")
    }


def test_plain_text_to_three_parts_and_a_report(tmp_path: Path) -> None:
    pairs = texts(corpus_of(100))
    write_text(tmp_path, [*pairs, pairs[0], ("same", "same"), ("", "x")])
    done = run(tmp_path, "corpus", "a.en", "a.de", "--out", "out", "--json")
    assert done.returncode == 0, done.stderr
    found = parts(tmp_path / "out")
    assert sorted(chain(*found.values())) == sorted(pairs)
    assert [len(part) for part in found.values()] == [90, 5, 5]
    report = json.loads(done.stdout)
    assert report == json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["dropped"] == {
        "empty": 1,
        "too long": 0,
        "length ratio": 0,
        "identical": 1,
        "duplicate": 1,
    }
    assert (report["source_language"], report["target_language"]) == ("en", "de")
    assert report["examples"]["identical"] == ["a.en:102"]
    assert "dropped: identical" in done.stderr
    assert "wrote out/train.en" in done.stderr


def test_many_files_are_held_out_whole(tmp_path: Path) -> None:
    numbers = iter(range(10_000))
    home: dict[str, str] = {}
    for name in (f"part{k}.po" for k in range(60)):
        po = polib.POFile()
        for number in (next(numbers) for _ in range(10)):
            po.append(polib.POEntry(msgid=sentence(number), msgstr=sentence(number, "x")))
            home[sentence(number)] = name
        po.save(str(tmp_path / name))
    sizes = ["--dev", "50", "--test", "0.1"]
    done = run(
        tmp_path, "corpus", *sorted(set(home.values())), "--target", "de", "--out", "out", *sizes
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["split_by"] == "group"
    assert (report["groups"], report["dev"], report["test"]) == (60, 50, 60)
    homes = [{home[source] for source, _ in part} for part in parts(tmp_path / "out").values()]
    assert sum(map(len, homes)) == 60


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], ["train.en", "train.de"]),
        (["--gzip"], ["train.en.gz", "train.de.gz"]),
        (["--format", "tsv"], ["train.tsv"]),
        (["--format", "tsv", "--gzip"], ["train.tsv.gz"]),
    ],
)
def test_what_it_writes_it_reads(tmp_path: Path, options: list[str], names: list[str]) -> None:
    pairs = texts(corpus_of(40))
    write_text(tmp_path, pairs)
    whole = ["--dev", "0", "--test", "0", "--target", "de"]
    assert run(tmp_path, "corpus", "a.en", "a.de", "--out", "one", *whole, *options).returncode == 0
    again = [f"one/{name}" for name in names]
    done = run(tmp_path, "corpus", *again, "--out", "two", *whole)
    assert done.returncode == 0, done.stderr
    assert parts(tmp_path / "two")["train"] == pairs


def test_the_same_call_writes_the_same_bytes(tmp_path: Path) -> None:
    write_text(tmp_path, texts(corpus_of(100)))
    for out in ("one", "two"):
        assert run(tmp_path, "corpus", "a.en", "a.de", "--out", out, "--gzip").returncode == 0
    for name in ("train.en.gz", "dev.de.gz", "test.en.gz"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_flags_change_the_rules(tmp_path: Path) -> None:
    odd = [("same", "same"), ("a b c", "d e f"), ("a b c", "d e f"), ("x", "y" * 99)]
    write_text(tmp_path, [*texts(corpus_of(20)), *odd])
    none = ["--dev", "0", "--test", "0"]
    limits = ["--max-words", "3", "--max-characters", "98", "--max-ratio", "1.5"]
    kept = ["--keep-identical", "--keep-duplicates"]
    for flags, count in ((none, 21), (limits + none, 1), (kept + none, 23)):
        done = run(tmp_path, "corpus", "a.en", "a.de", "--out", "out", *flags)
        assert done.returncode == 0, done.stderr
        assert len(lines(tmp_path / "out" / "train.en")) == count


def test_columns_and_seed(tmp_path: Path) -> None:
    rows = [f"{k}\t{t}\t{s}" for k, (s, t) in enumerate(texts(corpus_of(100)))]
    (tmp_path / "a.tsv").write_text("\n".join(["id\tde\ten", *rows]) + "\n")
    call = ["a.tsv", "--target", "de", "--columns", "en,de"]
    for seed in ("1", "2"):
        done = run(tmp_path, "corpus", *call, "--seed", seed, "--out", seed)
        assert done.returncode == 0, done.stderr
    one, two = parts(tmp_path / "1"), parts(tmp_path / "2")
    assert sorted(chain(*one.values())) == sorted(texts(corpus_of(100)))
    assert set(one["dev"]) != set(two["dev"])


def test_any_file_name_and_any_locale(tmp_path: Path) -> None:
    name = b"\xff\xc3\xa4.tsv".decode("utf-8", "surrogateescape")
    pairs = [*texts(corpus_of(40)), ("ä", "ä")]
    table = "".join(f"{source}\t{target}\n" for source, target in pairs)
    (tmp_path / name).write_text(table, encoding="utf-8")
    ascii_only = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    done = subprocess.run(
        [LATIMER, "corpus", name, "--target", "de", "--out", "out", "--json"],
        cwd=tmp_path, env=ascii_only, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["inputs"] == [name]
