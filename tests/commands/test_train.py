"""`latimer train`, the real command in a process of its own."""

import json
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from command import LATIMER, complaint, environment, latimer, latimer_in

from latimer.recipe import build_recipe, dump_recipe

sys.path.append(str(Path(__file__).parents[1] / "train"))
from task import recipe_tree, reports, write_task

UPDATES, FEW = 40, 12


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    folder = write_task(tmp_path_factory.mktemp("task"), pairs=400, dev=10)
    tree = recipe_tree(folder, max_updates=UPDATES, validate_every=20, average=2)
    (folder / "recipe.yaml").write_text(dump_recipe(build_recipe(tree)))
    return folder


@pytest.fixture(scope="module")
def finished(task, tmp_path_factory):
    """An undisturbed run and what the command printed."""
    run = tmp_path_factory.mktemp("finished") / "run"
    return run, latimer("train", task / "recipe.yaml", "--run", run, "--report-every", 1, "--json")


def losses(run):
    return [(line["update"], line["loss"]) for line in reports(run, "update")]


def test_it_trains_and_says_where_the_model_is(finished, task):
    run, result = finished
    assert result.returncode == 0, result.stderr
    printed = json.loads(result.stdout)
    model = Path(printed["model"])
    assert model in (run / "models" / "best", run / "models" / "average")
    assert printed["dev_bleu_greedy"] >= 0
    assert len(losses(run)) == UPDATES
    for name in ("recipe.yaml", "train.log", "data/train.arrow", "models/best/README.md"):
        assert (run / name).exists()
    assert b"million weights" in result.stderr
    assert not list(run.rglob("*.pt")) + list(run.rglob("*.pkl"))
    translated = latimer("translate", model, stdin=b"a b c\n\nd e\n")
    assert translated.returncode == 0
    assert translated.stdout.count(b"\n") == 3


def test_its_own_recipe_makes_the_same_run(finished, tmp_path):
    run, _ = finished
    again = latimer("train", run / "recipe.yaml", "--run", tmp_path, "--report-every", 1, "-q")
    assert again.returncode == 0, again.stderr
    assert losses(tmp_path) == losses(run)
    assert again.stdout.decode().startswith(str(tmp_path / "models"))


def test_a_reward_of_ones_own_stands_in_the_working_directory(finished, tmp_path):
    (tmp_path / "own_reward.py").write_text("def same(text, reference): return text == reference")
    model = Path(json.loads(finished[1].stdout)["model"])
    settings = ["objective.reward=own_reward:same", "training.warmup=0", "training.precision=fp32"]
    overrides = [
        part for setting in [*settings, "training.threads=1"] for part in ("--set", setting)
    ]
    run = latimer_in(tmp_path, "improve", model, "--run", "run", "-q", *overrides)
    assert run.returncode == 1
    assert "own_reward:same gave" in run.stderr  # True or False: a number is wanted


def start(task, run):
    return subprocess.Popen(
        [LATIMER, "train", task / "recipe.yaml", "--run", run, "--report-every", "1"],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopped_in_the_middle_it_continues_exactly(task, finished, tmp_path, number):
    run = tmp_path / "run"
    process = start(task, run)
    log = run / "log.jsonl"
    while not (log.exists() and log.read_text().count('"update"') > 25):
        time.sleep(0.01)
        assert process.poll() is None
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    if number == signal.SIGINT:
        assert process.returncode == 130
        last = errors.decode().splitlines()[-1]
        assert last.startswith("latimer: interrupted after update ")
        assert "the state is saved: run the same command again to continue" in last
        assert b"Traceback" not in errors
    else:
        assert process.returncode == -signal.SIGKILL
    again = latimer("train", task / "recipe.yaml", "--run", run, "--report-every", 1)
    assert again.returncode == 0, again.stderr
    assert b"continuing after update" in again.stderr
    assert losses(run) == losses(finished[0])


def test_two_processes_make_the_run_of_one(task, tmp_path):
    """Every loss agrees, up to rounding, when nothing is dropped at random."""
    settings = ["--set", "model.dropout=0", "--set", f"training.max_updates={FEW}"]
    settings += ["--report-every", "1", "-q"]
    command = ["train", str(task / "recipe.yaml"), *settings, "--run"]
    alone = latimer(*command, tmp_path / "one")
    assert alone.returncode == 0, alone.stderr
    torchrun = Path(LATIMER).with_name("torchrun")
    together = subprocess.run(
        [torchrun, "--standalone", "--nproc-per-node", "2", "--no-python", "--", LATIMER,
         *command, tmp_path / "two"],
        env=environment(), capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert together.returncode == 0, together.stderr
    assert together.stdout.decode().splitlines() == [
        line.replace("/one/", "/two/") for line in alone.stdout.decode().splitlines()
    ]
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert [update for update, _ in two] == list(range(1, FEW + 1))
    assert [loss for _, loss in two] == pytest.approx([loss for _, loss in one], rel=1e-3)
    assert [loss for _, loss in two] != [loss for _, loss in one]  # it was not the same sum
    state = json.loads(max((tmp_path / "two" / "state").glob("*/state.json")).read_bytes())
    assert state["facts"]["processes"] == 2
    message = complaint(latimer(*command, tmp_path / "two"), 2)
    assert "started with 2 processes, not 1" in message


@contextmanager
def room_for(size):
    """Let no file of this process grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_one_line_and_the_run_goes_on(task, finished, tmp_path):
    """The first state, without moments, still fits; the second does not."""
    weights = max((finished[0] / "state").glob("*/network.safetensors")).stat().st_size
    command = ["train", task / "recipe.yaml", "--run", tmp_path, "--report-every", 1, "-q"]
    with room_for(int(1.5 * weights)):
        message = complaint(latimer(*command), 1)
    assert "cannot write the training state" in message
    assert "the state before it is intact" in message
    assert len(list((tmp_path / "state").iterdir())) == 1
    again = latimer(*command)
    assert again.returncode == 0, again.stderr
    assert losses(tmp_path) == losses(finished[0])


def test_a_changed_recipe_is_refused(task, finished):
    run, _ = finished
    command = ["train", task / "recipe.yaml", "--run", run, "-q"]
    message = complaint(latimer(*command, "--set", "training.clip=0.5"), 2)
    assert "training.clip is 0.5, was 1.0" in message


def test_a_corpus_folder_names_the_files_and_languages(tmp_path):
    rows = [f"{a} {b} {c}\t{c} {b} {a}\n" for a in "abcdef" for b in "abcdef" for c in "ghijkl"]
    (tmp_path / "pairs.tsv").write_text("".join(rows))
    folder, run = tmp_path / "corpus", tmp_path / "run"
    made = latimer(
        "corpus", tmp_path / "pairs.tsv", "--source", "en", "--target", "pt-BR", "--out", folder
    )
    assert made.returncode == 0, made.stderr
    settings = ["subwords.kind=word", "training.max_updates=2", "training.warmup=0"]
    overrides = [part for setting in settings for part in ("--set", setting)]
    done = latimer("train", "tiny", "--corpus", folder, "--run", run, "-q", *overrides)
    assert done.returncode == 0, done.stderr
    used = (run / "recipe.yaml").read_text()
    for words in ("train.pt-BR", "dev.en", "target_language: pt-BR"):
        assert words in used
    message = complaint(latimer("train", "tiny", "--corpus", tmp_path, "--run", run), 2)
    assert "no report.json in it" in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "training.learning_rat=1"], ["training.learning_rat", "learning_rate"]),
        (["--set", "model.cell=gur"], ["model.cell", "gru", "lstm"]),
        (["--set", "training.clip=high"], ["training.clip", "number"]),
        (["--precision", "fp8"], ["training.precision", "fp32", "bf16"]),
        (
            ["--set", "subwords.kind=bpe", "--set", "subwords.size=9"],
            ["subwords.size 9"],
        ),
        (["--device", "abacus"], ["device abacus", "cpu"]),
        (["--set", "data.train.source=absent.txt"], ["absent.txt", "cannot be read"]),
        (["--set", "model.tied=inputs", "--set", "subwords.joint=false"], ["model.tied", "joint"]),
    ],
)
def test_a_wrong_setting_is_named(task, tmp_path, arguments, words):
    run = latimer("train", task / "recipe.yaml", "--run", tmp_path / "run", "-q", *arguments)
    message = complaint(run, 2)
    for word in words:
        assert word in message


BAD_TEXTS = {
    "one line more": (b"a b\n" * 401, "401"),
    "not UTF-8": (b"a b\n" * 6 + b"a \xff\n" + b"a b\n" * 393, "line 7, byte 3"),
    "a NUL byte": (b"a b\n" * 6 + b"a\0\n" + b"a b\n" * 393, "line 7"),
    "empty": (b"", "0"),
    "a line of 1 MB": (b"a" * 1_100_000 + b"\n", "line 1"),
}


@pytest.mark.parametrize("fault", BAD_TEXTS)
def test_a_wrong_text_is_named(task, tmp_path, fault):
    content, words = BAD_TEXTS[fault]
    path = tmp_path / "bad.source"
    path.write_bytes(content)
    setting = f"data.train.source={path}"
    command = ["train", task / "recipe.yaml", "--run", tmp_path / "run", "-q", "--set", setting]
    message = complaint(latimer(*command), 2)
    assert "bad.source" in message
    assert words in message
