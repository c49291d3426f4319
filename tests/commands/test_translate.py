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

FP32 = ("--precision", "fp32")
"""Which products are the quickest is measured: a busy machine may say now this, now that."""


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
        for options in [("--beam", "1"), ("--max-length", "1"), ("--alpha", "3")]
    }
    penalty = ("--nbest", "2", "--coverage-penalty", "2")
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
        (["--beam", "100000"], "beam: 1 to 4000 expected, not 100000"),
        (["--nbest", "6"], "nbest: 1 to 5, the width of the beam, expected, not 6"),
        (["--alpha", "nan"], "alpha: a number from 0 to 10 expected, not nan"),
        (["--max-length", "99999999"], "max_length: 1 to 5000 expected"),
        (["--coverage-penalty", "-1"], "coverage_penalty: a number from 0 to 10 expected"),
        (["--normalisation", "mean"], "valid choices: power, gnmt, none"),
        (["--prefix", "{count} kalo"], "prefix: '{count} kalo' holds the placeholder '{count}'"),
        (["--prefix", "Kalo 日"], "prefix: 'Kalo 日' cannot be written"),
        (["--prefix", "f\udcfcr"], "prefix: not valid Unicode"),
        (["--must", "f\udcfcr"], "must: not valid Unicode"),
        (["--threads", "0"], "--threads: 1 to 1024 expected, not 0"),
        (["--device", "abacus"], "device 'abacus' cannot be used"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_impossible_options_are_refused_before_input_is_read(model_folder, options, message):
    run = latimer("translate", model_folder, *options, stdin=b"Kalo.\n")
    assert message in complaint(run, 2)
    assert run.stdout == b""


@pytest.mark.parametrize("way", [(), ("--sample",), ("--search", "mbr"), ("--search", "exact")])
def test_options_that_exclude_each_other_are_named(model_folder, way):
    given = ("--prefix", "vazo vazo", "--no-repeat", 1, *way)
    message = complaint(latimer("translate", model_folder, *given, stdin=b"Kalo.\n"), 2)
    assert "text 'Kalo.': no translation agrees with no_repeat 1 and the prefix" in message


def test_a_search_beyond_memory_is_refused(model_folder, monkeypatch):
    monkeypatch.setattr("latimer.engines.neural.memory.free_bytes", lambda device: 10**8)
    wide = ("--beam", 4000, "--max-length", 5000)
    message = complaint(latimer("translate", model_folder, *wide, stdin=b"Kalo.\n"), 2)
    assert "beam 4000 and max_length 5000 for a text of 1 pieces: the search would" in message
    assert " GB of memory, and 0.1 GB are free on cpu; set beam or max_length lower" in message


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
    assert "line 1 is very long: translated in" in run.stderr.decode()


def test_starting_pulls_in_nothing_that_translating_does_not_need(model_folder):
    program = (
        "import sys, latimer; latimer.load(sys.argv[1]).translate(['Kalo.']); "
        "print([m for m in ('sacrebleu', 'tensorboard', 'torch._dynamo', 'matplotlib', 'pyarrow', "
        "'pydantic', 'latimer.train', 'lxml') if m in sys.modules])"
    )
    python = os.path.join(os.path.dirname(LATIMER), "python")
    done = subprocess.run(
        [python, "-c", program, str(model_folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_samples_depend_on_seed_and_line_alone(model_folder):
    text = ("\n".join(LINES[1:6]) + "\n").encode()
    given = ("translate", model_folder, "--sample", "--nbest", 3, "--temperature", 1.5, "--json")
    first = latimer(*given, stdin=text)
    assert first.returncode == 0, first.stderr
    shown = [json.loads(line) for line in first.stdout.splitlines()]
    assert [len(line["alternatives"]) for line in shown] == [2] * 5
    assert len({line["text"] for line in shown}) > 2
    assert latimer(*given, stdin=text).stdout == first.stdout
    assert latimer(*given, "--seed", 1, stdin=text).stdout != first.stdout
    alone = latimer(*given, stdin=(LINES[3] + "\n").encode())
    assert json.loads(alone.stdout)["text"] == shown[2]["text"]


def test_diverse_translations(model_folder):
    text = (LINES[1] + "\n").encode()
    given = ("translate", model_folder, "--beam", 4, "--nbest", 4, "--search", "diverse")
    shown = {}
    for groups, diversity in ((1, 2), (4, 2), (4, 0)):
        run = latimer(*given, "--groups", groups, "--diversity", diversity, stdin=text)
        assert run.returncode == 0, run.stderr
        shown[groups, diversity] = run.stdout.decode().splitlines()
    assert shown[1, 2] == latimer(*given[:-2], stdin=text).stdout.decode().splitlines()
    assert len(shown[4, 0]) == 1
    assert len(shown[4, 2]) > 1
    assert len(set(shown[4, 2])) == len(shown[4, 2])
    assert latimer(*given, "--diversity", 2, stdin=text).stdout.decode().splitlines() == shown[4, 2]


def test_distinct_samples_differ_and_are_the_first_of_more(model_folder):
    text = ("\n".join(LINES[1:4]) + "\n").encode()
    given = ("translate", model_folder, "--sample", "--distinct", "--json", "--temperature", 0.2)
    given = (*given, "--precision", "fp32")  # to be compared with scores in float32
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
    assert latimer(*given, "--seed", 1, stdin=text).stdout != latimer(*given, stdin=text).stdout


def test_minimum_bayes_risk(model_folder):
    text = ("\n".join(LINES[1:4]) + "\n").encode()
    given = ("translate", model_folder, "--search", "mbr", "--samples", 8, "--utility", "chrf")
    run = latimer(*given, "--json", stdin=text)
    assert run.returncode == 0, run.stderr
    assert all(0 <= json.loads(line)["score"] <= 100 for line in run.stdout.splitlines())
    assert latimer(*given, "--json", stdin=text).stdout == run.stdout


def test_exact_search_says_what_is_proven(model_folder):
    text = (LINES[1] + "\n").encode()
    given = ("translate", model_folder, "--search", "exact", "--normalisation", "none", "--json")
    run = latimer(*given, stdin=text)
    assert run.returncode == 0, run.stderr
    exact = json.loads(run.stdout)
    beam = json.loads(
        latimer("translate", model_folder, "--normalisation", "none", "--json", stdin=text).stdout
    )
    assert (exact["proven"], exact["gap"]) == (True, 0)
    assert exact["score"] >= beam["score"]
    assert run.stderr == b""
    short = latimer(*given, "--budget", 1, "--beam", 1, stdin=text)
    assert short.returncode == 0
    assert b"line 1: not proven best" in short.stderr
    assert json.loads(short.stdout)["proven"] is False


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--search", "deep"), "--search deep: valid choices: beam, diverse, exact, mbr"),
        (("--sample", "--search", "exact"), "exclude each other"),
        (("--distinct",), "--distinct is for drawing translations: add --sample"),
        (("--search", "exact", "--nbest", 2), "finds the best alone"),
        (("--groups", 5), "--groups 5 is for --search diverse, not beam"),
        (("--sample", "--search", "diverse"), "exclude each other"),
        (("--search", "diverse", "--groups", 2), "2 equal groups cannot share a beam of 5"),
        (("--search", "diverse", "--diversity", "nan"), "diversity: a number from 0 to 1000"),
        (("--top-k", 3), "--top-k is for drawing translations: add --sample"),
        (("--search", "exact", "--top-p", 0.9), "--top-p is for drawing translations"),
        (("--search", "exact", "--seed", 3), "--seed is for drawing translations"),
        (("--budget", 100_000), "--budget is for --search exact"),
        (("--search", "mbr", "--budget", 5), "--budget is for --search exact"),
        (("--samples", 4), "--samples and --utility are for --search mbr"),
        (
            ("--search", "mbr", "--utility", "bleurt"),
            "utility 'bleurt': valid choices: bleu, chrf, ",
        ),
        (("--search", "mbr", "--utility", "none:such"), "utility none:such: ModuleNotFoundError"),
        (("--search", "mbr", "--utility", "math:pi"), "math:pi: not a function of two texts"),
        (("--search", "mbr", "--utility", "math:pow"), "utility math:pow failed for '"),
        (("--sample", "--beam", 50), "--beam 50 is for the beam, not for --sample"),
        (("--search", "mbr", "--alpha", 1), "--alpha 1.0 is for the beam, not for --search mbr"),
        (("--search", "exact", "--stop", "first"), "--stop first is for the beam, not for --sear"),
        (("--sample", "--top-p", 2), "top_p: above 0 and at most 1"),
        (("--sample", "--temperature", 0), "temperature: 0.001 to 1000"),
    ],
)
def test_ways_that_cannot_be(model_folder, arguments, expected):
    run = latimer("translate", model_folder, *arguments, stdin=b"x\n")
    assert expected in complaint(run, 2)


def test_the_utility_of_the_samples_may_be_a_function_of_ones_own(
    model_folder, tmp_path, monkeypatch
):
    functions = ["short = lambda text, other: -len(text)", "broken = lambda text, other: 'x'"]
    (tmp_path / "likeness.py").write_text("\n".join(functions))
    options = ("--search", "mbr", "--samples", 9, "--seed", 3, "--precision", "fp32", "--utility")
    text = b"Kalo suti mira.\n"

    monkeypatch.chdir(tmp_path)

    def run(utility):
        return latimer("translate", model_folder, *options, utility, stdin=text)

    drawn = latimer(
        "translate", model_folder, "--sample", "--nbest", 9, "--seed", 3, "--precision", "fp32",
        stdin=text,
    )  # fmt: skip
    shown = [line.split(" ||| ")[1] for line in drawn.stdout.decode().splitlines()]
    assert run("likeness:short").stdout.decode().rstrip("\n") == min(shown, key=len)
    assert "the utility likeness:broken gave 'x' for" in complaint(run("likeness:broken"), 2)
