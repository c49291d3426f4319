"""`latimer translate`, end to end through the real command."""

import json
import os
import select
import subprocess

import pytest
from command import LATIMER, complaint, environment, in_process, latimer

import latimer as library
from asking import asked
from latimer.engines.neural.scoring import score_texts
from latimer.model.folder import load_model
from tiny_model import sentences

LINES = ["", *sentences(70, seed=11), "   ", "Kalo {name} — Ünïcode 日本語.", ""]

FP32 = ("--set", "engine.precision=fp32")
"""Which products are the quickest is measured: a busy machine may say now this, now that."""


def settings(**search):
    """Settings of the search as options."""
    return [word for name, value in search.items() for word in ("--set", f"search.{name}={value}")]


@pytest.fixture(scope="module")
def expected(model_folder):
    translator = library.load(model_folder, precision="fp32")
    return [translator.translate([line])[0].text for line in LINES]


@pytest.mark.parametrize("way", ["stdin", "file", "gzip", "dash"])
def test_one_line_out_for_every_line_in(model_folder, expected, tmp_path, way):
    import gzip

    text = ("\n".join(LINES) + "\n").encode()
    path = tmp_path / ("text.gz" if way == "gzip" else "text")
    path.write_bytes(gzip.compress(text) if way == "gzip" else text)
    source = {"stdin": [], "dash": ["-"]}.get(way, [path])
    run = (in_process if way == "stdin" else latimer)(
        "translate", model_folder, *FP32, *source, stdin=text
    )
    assert run.stderr == b""
    assert run.returncode == 0
    assert run.stdout.decode().split("\n") == [*expected, ""]
    assert len(set(expected)) > 10


def test_a_last_line_without_its_end_and_windows_line_ends(model_folder, expected):
    run = latimer("translate", model_folder, *FP32, stdin="\r\n".join(LINES[:5]).encode())
    assert run.stdout.decode().split("\n") == [*expected[:5], ""]


def test_no_input_gives_no_output(model_folder):
    run = latimer("translate", model_folder)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")


def test_a_typing_user_gets_an_answer_before_the_next_line(model_folder, expected):
    with subprocess.Popen(
        [LATIMER, "translate", model_folder, *FP32],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(),
    ) as process:  # fmt: skip
        for line, translation in zip(LINES[:3], expected[:3], strict=True):
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], 60)
            assert ready, "no answer while stdin is open"
            assert process.stdout.readline().decode() == translation + "\n"
        process.stdin.close()
        assert process.wait(60) == 0


def test_nbest_lines(model_folder):
    text = (LINES[1] + "\n\n" + LINES[2] + "\n").encode()
    run = latimer("translate", model_folder, "--nbest", 3, stdin=text)
    fields = [line.split(" ||| ") for line in run.stdout.decode().splitlines()]
    assert [number for number, *_ in fields] == ["0"] * 3 + ["1"] + ["2"] * 3
    translator = library.load(model_folder)
    best = translator.translate([LINES[1]], **asked(nbest=3))[0]
    texts = [best.text, *(a.text for a in best.alternatives)]
    assert [text for number, text, _ in fields if number == "0"] == texts
    assert float(fields[0][2]) == pytest.approx(best.score, abs=1e-4)


def test_json_lines_and_output_file(model_folder, expected, tmp_path):
    out = tmp_path / "out.jsonl"
    text = ("\n".join(LINES[:4]) + "\n").encode()
    run = latimer("translate", model_folder, *FP32, "--json", "--nbest", 2, "-o", out, stdin=text)
    assert run.stdout == b""
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [row["text"] for row in rows] == expected[:4]
    assert [row["source"] for row in rows] == LINES[:4]
    assert len(rows[1]["alternatives"]) == 1
    assert rows[1]["alternatives"][0]["score"] <= rows[1]["score"]


def test_search_options_reach_the_search(model_folder):
    text = "\n".join(LINES[1:30]).encode()
    outputs = {
        options: latimer("translate", model_folder, *options, stdin=text).stdout
        for options in [("--beam", "1"), ("--max-length", "1"), ("--set", "search.alpha=3")]
    }
    penalty = ("--nbest", "2", "--set", "search.coverage_penalty=2")
    outputs[penalty] = latimer("translate", model_folder, *penalty, stdin=text).stdout
    outputs[penalty[:2]] = latimer("translate", model_folder, *penalty[:2], stdin=text).stdout
    outputs[()] = latimer("translate", model_folder, stdin=text).stdout
    assert len(set(outputs.values())) == 6


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (b"fine\nbr\xc3\xb6ken \xff\n", "stdin, line 3, byte 9: not UTF-8 (0xff)"),
        (b"fine\nnu\x00l\n", "stdin, line 3, byte 3: a NUL byte"),
        (b"fine\n" + b"x" * 1_000_001 + b"\n", "stdin, line 3: longer than 1,000,000 bytes"),
        (b"fine\n" + b"x" * 3_000_000, "stdin, line 3: longer than 1,000,000 bytes"),
    ],
    ids=["utf-8", "nul", "megabyte", "megabytes without end"],
)
def test_a_bad_line_is_named_and_what_precedes_it_is_out(model_folder, expected, bad, message):
    run = latimer("translate", model_folder, *FP32, stdin=LINES[1].encode() + b"\n" + bad)
    assert message in complaint(run, 2)
    lines = run.stdout.decode().splitlines()
    assert lines[0] == expected[1]
    assert len(lines) == 2


def test_a_bad_line_in_a_process_of_its_own(model_folder, expected):
    run = in_process("translate", model_folder, *FP32, stdin=LINES[1].encode() + b"\n\xff\n")
    assert "stdin, line 2, byte 1: not UTF-8 (0xff)" in complaint(run, 2)
    assert run.stdout.decode() == expected[1] + "\n"


def test_a_bad_line_of_a_file_is_named(model_folder, tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"fine\n\xff\n")
    message = complaint(latimer("translate", model_folder, path), 2)
    assert f"{path}, line 2, byte 1: not UTF-8" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--beam", "100000"], "--beam 100000: search.width is 100000; allowed: a whole number"),
        (["--nbest", "6"], "--nbest 6: search.nbest is 6; at most the width of the beam, 5"),
        (["--max-length", "99999999"], "max_length is 99999999; allowed: a whole number, at least"),
        (["--prefix", "{count} kalo"], "prefix is '{count} kalo'; it holds the placeholder '{co"),
        (["--prefix", "Kalo 日"], "constraints.prefix is 'Kalo 日'; it cannot be written"),
        (["--prefix", "f\udcfcr"], "prefix: not valid Unicode"),
        (["--must", "f\udcfcr"], "phrases: not valid Unicode"),
        (["--threads", "0"], "--threads 0: engine.threads is 0; allowed: a whole number, at least"),
        (["--device", "abacus"], "device 'abacus' cannot be used"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_impossible_options_are_refused_before_input_is_read(model_folder, options, message):
    run = latimer("translate", model_folder, *options, stdin=b"Kalo.\n")
    assert message in complaint(run, 2)
    assert run.stdout == b""


@pytest.mark.parametrize(
    "way", [(), ("--sample",), ("--set", "search.kind=mbr"), ("--set", "search.kind=exact")]
)
def test_options_that_exclude_each_other_are_named(model_folder, way):
    given = ("--prefix", "vazo vazo", "--set", "constraints.no_repeat=1", *way)
    message = complaint(latimer("translate", model_folder, *given, stdin=b"Kalo.\n"), 2)
    assert "text 'Kalo.': no translation agrees with no_repeat 1 and the prefix" in message


def test_a_search_beyond_memory_is_refused(model_folder, monkeypatch):
    monkeypatch.setattr("latimer.engines.neural.memory.free_bytes", lambda device: 10**8)
    wide = ("--beam", 4000, "--max-length", 5000)
    message = complaint(latimer("translate", model_folder, *wide, stdin=b"Kalo.\n"), 2)
    assert "search.width 4000 and max_length 5000 for a text of 1 pieces: the search" in message
    assert "0.1 GB are free on cpu; set search.width or constraints.max_length lower" in message


def test_a_missing_file_or_model_is_named(model_folder, tmp_path):
    message = complaint(latimer("translate", model_folder, tmp_path / "absent"), 2)
    assert "absent: cannot be read: No such file" in message
    message = complaint(latimer("translate", tmp_path / "nothing"), 2)
    assert "nothing: no such model folder" in message


def test_the_input_is_not_overwritten(model_folder, tmp_path):
    path = tmp_path / "text"
    path.write_text("Kalo.\n")
    message = complaint(latimer("translate", model_folder, path, "-o", path), 2)
    assert "this is the file to be read" in message
    assert path.read_text() == "Kalo.\n"


@pytest.mark.parametrize(
    ("name", "why"), [("absent", "No such file or directory"), ("folder", "Is a directory")]
)
def test_what_cannot_be_read_leaves_the_output_alone(model_folder, tmp_path, name, why):
    (tmp_path / "folder").mkdir()
    old = tmp_path / "old"
    old.write_text("of yesterday\n")
    source = tmp_path / name
    run = latimer("translate", model_folder, source, "-o", old)
    assert f"{source}: cannot be read: {why}" in complaint(run, 2)
    assert old.read_text() == "of yesterday\n"


def test_a_closed_stdin_is_named(model_folder):
    run = subprocess.run(
        ["sh", "-c", 'exec "$0" translate "$1" <&-', LATIMER, model_folder],
        capture_output=True, env=environment(), check=False, timeout=120,
    )  # fmt: skip
    assert "stdin: cannot be read" in complaint(run, 2)


def test_a_full_disk_is_named(model_folder):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    run = latimer("translate", model_folder, "-o", "/dev/full", stdin=b"Kalo.\n")
    assert "cannot write /dev/full: No space left" in complaint(run, 1)


def test_a_reader_that_leaves_is_no_error_to_talk_about(model_folder, tmp_path):
    path = tmp_path / "text"
    path.write_text("\n".join(sentences(300)) + "\n")
    with subprocess.Popen(
        [LATIMER, "translate", model_folder, path, "--beam", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    ) as process:  # fmt: skip
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


def test_a_closed_stdout_is_named(model_folder):
    run = subprocess.run(
        ["sh", "-c", 'exec "$0" translate "$1" >&-', LATIMER, model_folder],
        input=b"Kalo.\n", capture_output=True, env=environment(), check=False, timeout=60,
    )  # fmt: skip
    assert "stdout" in complaint(run, 1)


def test_a_very_long_line_is_translated_with_a_note(model_folder):
    text = " ".join(sentences(120)) + "\n"
    run = latimer("translate", model_folder, "--beam", 1, stdin=text.encode())
    assert run.returncode == 0
    assert run.stdout.count(b"\n") == 1
    assert "line 1 is too long: translated in" in run.stderr.decode()


def test_starting_pulls_in_nothing_that_translating_does_not_need(model_folder):
    program = (
        "import sys, latimer; latimer.load(sys.argv[1]).translate(['Kalo.']); "
        "print([m for m in ('sacrebleu', 'tensorboard', 'torch._dynamo', 'matplotlib', 'pyarrow', "
        "'latimer.train', 'lxml') if m in sys.modules])"
    )
    python = os.path.join(os.path.dirname(LATIMER), "python")
    done = subprocess.run(
        [python, "-c", program, str(model_folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_samples_depend_on_seed_and_line_alone(model_folder):
    text = ("\n".join(LINES[1:6]) + "\n").encode()
    given = (
        "translate",
        model_folder,
        "--sample",
        "--nbest",
        3,
        "--set",
        "search.temperature=1.5",
        "--json",
    )
    first = latimer(*given, stdin=text)
    assert first.returncode == 0, first.stderr
    shown = [json.loads(line) for line in first.stdout.splitlines()]
    assert [len(line["alternatives"]) for line in shown] == [2] * 5
    assert len({line["text"] for line in shown}) > 2
    assert latimer(*given, stdin=text).stdout == first.stdout
    assert latimer(*given, "--set", "search.seed=1", stdin=text).stdout != first.stdout
    alone = latimer(*given, stdin=(LINES[3] + "\n").encode())
    assert json.loads(alone.stdout)["text"] == shown[2]["text"]


def test_diverse_translations(model_folder):
    text = (LINES[1] + "\n").encode()
    given = ("translate", model_folder, "--beam", 4, "--nbest", 4, "--set", "search.kind=diverse")
    shown = {}
    for groups, diversity in ((1, 2), (4, 2), (4, 0)):
        run = latimer(
            *given,
            "--set",
            f"search.groups={groups}",
            "--set",
            f"search.diversity={diversity}",
            stdin=text,
        )
        assert run.returncode == 0, run.stderr
        shown[groups, diversity] = run.stdout.decode().splitlines()
    assert shown[1, 2] == latimer(*given[:-2], stdin=text).stdout.decode().splitlines()
    assert len(shown[4, 0]) == 1
    assert len(shown[4, 2]) > 1
    assert len(set(shown[4, 2])) == len(shown[4, 2])
    assert (
        latimer(*given, "--set", "search.diversity=2", stdin=text).stdout.decode().splitlines()
        == shown[4, 2]
    )


def test_distinct_samples_differ_and_are_the_first_of_more(model_folder):
    text = ("\n".join(LINES[1:4]) + "\n").encode()
    given = (
        "translate",
        model_folder,
        "--sample",
        "--set",
        "search.distinct=true",
        "--json",
        "--set",
        "search.temperature=0.2",
    )
    given = (*given, "--set", "engine.precision=fp32")  # to be compared with scores in float32
    found = {}
    for count in (2, 5):
        run = latimer(*given, "--nbest", count, stdin=text)
        assert run.returncode == 0, run.stderr
        shown = [json.loads(line) for line in run.stdout.splitlines()]
        found[count] = [
            [line["text"], *(other["text"] for other in line["alternatives"])] for line in shown
        ]
        assert [len(several) for several in found[count]] == [count] * 3
    assert [several[:2] for several in found[5]] == found[2]
    model, close = load_model(model_folder), []
    for line in map(json.loads, run.stdout.splitlines()):
        several = [line, *line["alternatives"]]
        texts, scores = [one["text"] for one in several], [one["score"] for one in several]
        known = score_texts(model, texts, [line["source"]] * 5)
        close += [abs(a - b.log_prob) < 1e-2 for a, b in zip(scores, known, strict=True)]
    assert sum(close) >= 5, close  # the others are spelt by other pieces than the text's own
    again = latimer(*given, "--nbest", 2, stdin=(LINES[2] + "\n").encode())
    assert json.loads(again.stdout)["text"] == found[2][1][0]
    assert (
        latimer(*given, "--set", "search.seed=1", stdin=text).stdout
        != latimer(*given, stdin=text).stdout
    )


def test_minimum_bayes_risk(model_folder):
    text = ("\n".join(LINES[1:4]) + "\n").encode()
    given = (
        "translate",
        model_folder,
        "--set",
        "search.kind=mbr",
        "--set",
        "search.samples=8",
        "--set",
        "search.utility=chrf",
    )
    run = latimer(*given, "--json", stdin=text)
    assert run.returncode == 0, run.stderr
    assert all(0 <= json.loads(line)["score"] <= 100 for line in run.stdout.splitlines())
    assert latimer(*given, "--json", stdin=text).stdout == run.stdout


def test_exact_search_says_what_is_proven(model_folder):
    text = (LINES[1] + "\n").encode()
    given = (
        "translate",
        model_folder,
        "--set",
        "search.kind=exact",
        "--set",
        "search.normalisation=none",
        "--json",
    )
    run = latimer(*given, stdin=text)
    assert run.returncode == 0, run.stderr
    exact = json.loads(run.stdout)
    beam = json.loads(
        latimer(
            "translate", model_folder, "--set", "search.normalisation=none", "--json", stdin=text
        ).stdout
    )
    assert (exact["proven"], exact["gap"]) == (True, 0)
    assert exact["score"] >= beam["score"]
    assert run.stderr == b""
    short = latimer(*given, "--set", "search.budget=1", "--beam", 1, stdin=text)
    assert short.returncode == 0
    assert b"line 1: not proven best" in short.stderr
    assert json.loads(short.stdout)["proven"] is False


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("search.kind=deep", "search.kind is 'deep'; allowed: one of beam, diverse, sampling, "),
        ("search.kind=sampel", "did you mean sampling?"),
        ("search.groups=5", "search.kind beam has no such setting, it belongs to diverse"),
        ("search.top_k=3", "it belongs to sampling, "),
        ("search.budget=100000", "it belongs to exact"),
        ("search.alpha=.nan", "search.alpha is nan; allowed: a number, at least 0 and at most 10"),
        ("search.coverage_penalty=-1", "search.coverage_penalty is -1; allowed: a number"),
        ("search.normalisation=mean", "allowed: one of power, gnmt, none"),
        ("search.stop=first", "allowed: one of safe, near"),
        ("alpha=3", "write it as section.key=value; sections: search, constraints, engine"),
        ("search.alpha", "write it as section.key=value"),
        ("network.cell=gru", "sections: search, constraints, engine"),
        ("constraints.min_length=-1", "constraints.min_length is -1; allowed"),
        ("constraints.min_lenght=1", "did you mean min_length? valid names"),
        ("engine.precision=half", "allowed: one of auto, fp32, fp16, int8"),
        ("engine.precison=fp32", "did you mean precision?"),
        ("engine.batch_tokens=0", "engine.batch_tokens is 0; allowed: a whole number, at least 1"),
    ],
)
def test_settings_that_cannot_be_are_named_as_they_were_written(model_folder, setting, expected):
    run = latimer("translate", model_folder, "--set", setting, stdin=b"x\n")
    message = complaint(run, 2)
    assert message.startswith(f"latimer: --set {setting}: ")
    assert expected in message
    assert run.stdout == b""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--sample", *settings(kind="exact")], "--sample says the same"),
        ([*settings(kind="exact"), "--nbest", 2], "--nbest 2: search.nbest is 2; search.kind exac"),
        (settings(kind="diverse", groups=2), "a beam of 5 has no 2 equal groups"),
        (settings(kind="diverse", diversity="nan"), "allowed: a number, at least 0 and at most"),
        (settings(kind="exact", top_p=0.9), "it belongs to sampling, "),
        (settings(kind="mbr", budget=5), "it belongs to exact"),
        (settings(kind="mbr", utility="bleurt"), "allowed: bleu, chrf, "),
        (settings(kind="mbr", utility="none:such"), "none:such: ModuleNotFoundError"),
        (settings(kind="mbr", utility="math:pi"), "math:pi: not a function of two texts"),
        (settings(kind="mbr", utility="math:pow"), "the utility math:pow failed for '"),
        (["--sample", "--beam", 50], "--beam 50: search.width is 50; search.kind sampling has no"),
        (settings(kind="mbr", alpha=1), "it belongs to beam, diverse, "),
        (["--sample", *settings(top_p=2)], "more than 0 and at most 1"),
        (["--sample", *settings(temperature=0)], "at least 0.001 and at most 1,000"),
        (["--beam", 5, *settings(width=5)], "--beam 5 says the same; leave one of the two out"),
    ],
)
def test_options_that_cannot_be_together_are_named(model_folder, arguments, expected):
    run = latimer("translate", model_folder, *arguments, stdin=b"x\n")
    assert expected in complaint(run, 2)


def test_the_utility_of_the_samples_may_be_a_function_of_ones_own(
    model_folder, tmp_path, monkeypatch
):
    functions = ["short = lambda text, other: -len(text)", "broken = lambda text, other: 'x'"]
    (tmp_path / "likeness.py").write_text("\n".join(functions))
    options = (
        "--set",
        "search.kind=mbr",
        "--set",
        "search.samples=9",
        "--set",
        "search.seed=3",
        "--set",
        "engine.precision=fp32",
        "--set",
    )
    text = b"Kalo suti mira.\n"

    monkeypatch.chdir(tmp_path)

    def run(utility):
        return latimer("translate", model_folder, *options, f"search.utility={utility}", stdin=text)

    drawn = latimer(
        "translate", model_folder, "--sample", "--nbest", 9, *settings(seed=3), *FP32,
        stdin=text,
    )  # fmt: skip
    shown = [line.split(" ||| ")[1] for line in drawn.stdout.decode().splitlines()]
    assert run("likeness:short").stdout.decode().rstrip("\n") == min(shown, key=len)
    assert "the utility likeness:broken gave 'x' for" in complaint(run("likeness:broken"), 2)
