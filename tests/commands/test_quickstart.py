"""The quickstart through the real command, on a made-up language and for a moment each."""

import contextlib
import io
import itertools
import json
import os
import re
import signal
import sys
from functools import partial

import pytest
from command import latimer as command

import latimer
from generated import write_wheel
from latimer.cli import main
from latimer.files import sha256_of
from latimer.quickstart import homeassistant
from latimer.text.corpus.written import open_written
from latimer.train.loop.divergence import Limits
from made_language import components, write_text, write_tsv

BRIEFLY = ["--minutes", "0.02", "--threads", "1"]
MOMENT = [*BRIEFLY, "--improve-minutes", "0"]
REWARD = [*BRIEFLY, "--improve-minutes", "0.02"]


def no_reason(dev_bleu, copying):
    """In the place of `worth_improving`: no translator is too bad."""


@pytest.fixture(scope="module")
def tsv(tmp_path_factory):
    return write_tsv(tmp_path_factory.mktemp("text") / "made.tsv")


def call(*arguments):
    """Run the command in this process: (exit code, stdout, stderr)."""
    printed, told = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(told),
    ):
        patch.setattr(sys, "argv", ["latimer", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    return left.value.code or 0, printed.getvalue(), told.getvalue()


@pytest.fixture(scope="module")
def first(tsv, tmp_path_factory):
    """The folder of a finished first run with reward, its exit code and what it printed."""
    out = tmp_path_factory.mktemp("first") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("latimer.quickstart.run.worth_improving", no_reason)
        return out, call("quickstart", "--pairs", tsv, "--to", "xx", "--out", out, *REWARD)


@pytest.fixture
def any_translator_learns(monkeypatch):
    """Learning from reward begins however little has been learnt before."""
    monkeypatch.setattr("latimer.quickstart.run.worth_improving", no_reason)


def test_says_what_it_does_and_what_came_of_it(first):
    _, (code, result, told) = first
    assert code == 0, told
    assert re.search(r"read +640", told)
    assert re.search(r"train +576", told)
    assert re.search(r"update +\d+ +dev loss", told)
    assert "Learning from the BLEU of its own translations, 0.02 minutes" in told
    for part, search in itertools.product(("dev", "test"), ("greedy", "beam 5")):
        figures = r"\d+\.\d +\d+\.\d +[+-]\d+\.\d +[+-]\d+\.\d to [+-]\d+\.\d"
        assert re.search(rf"{part} +{search} +{figures} +(clear|no clear change)", result)
    assert re.search(r"dev +32( +\d+\.\d){6}", result)
    assert re.search(r"test +32( +\d+\.\d){6}", result)
    assert "A first translator, of phrases" in told
    assert re.search(r"BLEU \d+\.\d on test .*; \d+ s after the text was read", told)
    assert re.search(r"phrases +\d+\.\d +\d+\.\d +best on dev: offered", result)
    assert re.search(r"network +\d+\.\d +\d+\.\d", result)
    assert "\n  Next: translate your file" in result
    assert result.count("reference") == 10
    assert "--minutes 60" in result


def test_folder_holds_model_text_and_pictures(first):
    out, _ = first
    assert latimer.load(out / "models" / "best").translate(["The old door hums."])
    for part, size in (("train", 576), ("dev", 32), ("test", 32)):
        for language in ("en", "xx"):
            text = (out / "corpus" / f"{part}.{language}").read_text(encoding="utf-8")
            assert len(text.splitlines()) == size
    for picture in ("learning_curve.png", "attention.png"):
        assert (out / picture).read_bytes().startswith(b"\x89PNG")
        assert picture in first[1][1]


def test_again_is_done_at_once_and_a_longer_time_goes_on(first, tsv):
    out, _ = first
    same = ["quickstart", "--pairs", tsv, "--to", "xx", "--out", out, "--json", *MOMENT]
    code, printed, _ = call(*same)
    before = json.loads(printed)
    assert code == 0
    log = (out / "log.jsonl").read_text(encoding="utf-8")
    assert max(json.loads(line)["update"] for line in log.splitlines()) == before["updates"] > 0
    _, printed, told = call(*same, "--minutes", before["minutes"] + 0.05)
    after = json.loads(printed)
    assert after["updates"] > before["updates"]
    assert after["minutes"] > before["minutes"]
    assert "continuing" in told
    assert set(after["dev"]) == {"pairs", "bleu", "chrf"}
    assert 0 < after["test"]["bleu"]["copying"] < 50
    assert 50 < after["test"]["bleu"]["memory"] < 100
    assert len(after["verdict"]) == 3


def test_a_translator_that_writes_no_sentences_does_not_learn_from_reward(tsv, tmp_path):
    same = ["quickstart", "--pairs", tsv, "--to", "xx", "--out", tmp_path / "out", "--json"]
    code, printed, said = call(*same, *REWARD)
    assert code == 0, said
    again = json.loads(call(*same, *REWARD)[1])
    assert again["updates"] == json.loads(printed)["updates"]  # time is not spent twice
    reason = json.loads(printed)["improvement"]["left_out"]
    assert reason.startswith("Learning from reward is left out: it needs a translator with BLEU 10")
    assert reason in " ".join(said.split())
    assert not (tmp_path / "out" / "improved").exists()


@pytest.mark.usefixtures("any_translator_learns")
def test_learning_from_reward_goes_on_and_begins_anew_when_likelihood_has(first, tsv):
    """The gain is of the model before, and what is better on dev is offered as `best`."""
    out, _ = first
    again = ["quickstart", "--pairs", tsv, "--to", "xx", "--out", out, "--json", "--threads", "1"]

    def told(*arguments):
        code, printed, said = call(*again, *arguments)
        assert code == 0, said
        return json.loads(printed), said

    def weights(folder):
        return (folder / "weights.safetensors").read_bytes()

    before, _ = told("--minutes", "0.02", "--improve-minutes", "0.02")
    more = before["improvement"]["minutes"] + 0.05
    longer, said = told("--minutes", "0.02", "--improve-minutes", more)
    gain = longer["improvement"]
    assert gain["updates"] > before["improvement"]["updates"]
    assert longer["updates"] == before["updates"]
    assert said.count("continuing") == 2
    assert gain["dev"]["beam 5"]["before"] == before["improvement"]["dev"]["beam 5"]["before"]
    assert gain["kept"] == (gain["dev"]["beam 5"]["after"] > gain["dev"]["beam 5"]["before"])
    offered = gain["dev"]["beam 5"]["after" if gain["kept"] else "before"]
    scores = {one["name"]: one["bleu"]["dev"] for one in longer["translators"]}
    assert scores["network"] == pytest.approx(offered)
    assert longer["offered"] == max(scores, key=scores.get)
    assert longer["dev"]["bleu"]["score"] == pytest.approx(max(scores.values()))
    assert longer["model"] == str(out / "models" / "best")
    if not gain["kept"]:
        assert weights(out / "models" / "network") == weights(out / "models" / "likelihood")
    start = weights(out / "models" / "likelihood")
    anew, said = told("--minutes", before["minutes"] + 0.05, "--improve-minutes", "0.02")
    assert anew["updates"] > before["updates"]
    changed = weights(out / "models" / "likelihood") != start
    assert said.count("continuing") == (1 if changed else 2)


def test_a_folder_with_other_text_is_left_alone(first, tsv, tmp_path):
    out, _ = first
    before = (out / "corpus" / "train.en").read_bytes()
    other = write_tsv(tmp_path / "other.tsv", 400)
    for files, language in ((other, "xx"), (tsv, "yy")):
        code, _, told = call(
            "quickstart", "--pairs", files, "--to", language, "--out", out, *MOMENT
        )
        assert code == 2
        assert told.endswith("holds a run on other text; choose another folder with --out\n")
    assert (out / "corpus" / "train.en").read_bytes() == before
    assert not (out / "corpus" / "train.yy").exists()


def test_two_text_files_name_their_languages(tmp_path):
    source, target = write_text(tmp_path, 60)
    out = tmp_path / "out"
    code, printed, _ = call("quickstart", "--pairs", source, target, "--out", out, *MOMENT)
    assert code == 0
    assert (out / "corpus" / "dev.xx").exists()
    assert f"--pairs {source} {target}" in printed


@pytest.mark.usefixtures("any_translator_learns")
def test_learning_from_reward_that_is_given_up_leaves_what_likelihood_learnt(
    tsv, monkeypatch, tmp_path
):
    monkeypatch.setattr("latimer.train.run.rhythm.Limits", partial(Limits, more_entropy=-100.0))
    code, printed, said = call(
        "quickstart", "--pairs", tsv, "--to", "xx", "--out", tmp_path / "out", "--json",
        "--threads", "1", "--minutes", "0.02", "--improve-minutes", "0.1",
    )  # fmt: skip
    assert code == 0, said
    assert "the run was stopped: the policy is nearly random" in " ".join(said.split())
    told = json.loads(printed)
    assert told["improvement"]["updates"] <= 50
    assert (tmp_path / "out" / "models" / "network" / "weights.safetensors").is_file()


def test_home_assistant_is_fetched_split_by_component_and_credited(monkeypatch, tmp_path):
    wheel = write_wheel(tmp_path / homeassistant.WHEEL, components(32, "xx"))
    monkeypatch.setattr(homeassistant, "SHA256", sha256_of(wheel))
    monkeypatch.setenv("LATIMER_CACHE", str(tmp_path))
    out = tmp_path / "out"
    code, printed, told = call("quickstart", "--to", "xx", "--out", out, "--json", *MOMENT)
    assert code == 0
    assert "Home Assistant, licence Apache-2.0" in told
    assert json.loads(printed)["corpus"] == "Home Assistant, en to xx"
    report = json.loads((out / "corpus" / "report.json").read_text(encoding="utf-8"))
    assert report["read"] == 640
    assert report["split_by"] == "group"
    written = open_written(out / "corpus")  # as latimer train --corpus does
    assert (written.source_language, written.target_language) == ("en", "xx")
    assert written.files.keys() == {"train", "dev", "test"}


def test_without_a_network_one_line_names_the_way_out(monkeypatch, tmp_path):
    monkeypatch.setenv("LATIMER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    code, printed, told = call("quickstart", "--out", tmp_path / "out", *MOMENT)
    assert code == 1
    assert not printed
    last = told.splitlines()[-1]
    assert last.startswith("latimer: cannot download homeassistant")
    assert "--pairs" in last


def test_ctrl_c_before_there_is_a_model_keeps_the_state(monkeypatch, tsv, tmp_path):
    from latimer.quickstart.progress import TrainingDisplay

    monkeypatch.setattr(
        TrainingDisplay, "__call__", lambda self, report: os.kill(os.getpid(), signal.SIGINT)
    )
    out = tmp_path / "out"
    arguments = ["quickstart", "--pairs", tsv, "--to", "xx", "--out", out, *MOMENT]
    code, printed, told = call(*arguments)
    assert code == 130
    assert not printed
    assert "state is saved" in told.splitlines()[-1]
    monkeypatch.undo()
    done = command(*arguments)
    assert done.returncode == 0
    assert "continuing after update 1" in done.stderr.decode()


def test_ctrl_c_after_that_reports_what_there_is(monkeypatch, first, tsv):
    from latimer.quickstart.progress import TrainingDisplay

    out, _ = first

    def interrupt(self, report):
        self.last = report
        if report.message.startswith("continuing"):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(TrainingDisplay, "__call__", interrupt)
    code, printed, told = call(
        "quickstart", "--pairs", tsv, "--to", "xx", "--out", out, "--threads", "1",
        "--minutes", "5",
    )  # fmt: skip
    assert code == 130
    assert "Scores" in printed
    assert "state is saved" in told.splitlines()[-1]


def test_without_matplotlib_all_but_the_pictures_is_there(monkeypatch, tsv, tmp_path):
    for name in ("matplotlib", "matplotlib.figure", "matplotlib.backends.backend_agg"):
        monkeypatch.setitem(sys.modules, name, None)
    out = tmp_path / "out"
    code, printed, told = call("quickstart", "--pairs", tsv, "--to", "xx", "--out", out, *MOMENT)
    assert code == 0
    assert "Scores" in printed
    assert told.count("matplotlib") == 1
    assert "latimer[plots]" in told
    assert not list(out.glob("*.png"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--pairs", "made.tsv"], "--to is needed"),
        (["made.tsv"], "write --pairs before your files"),
        (["--pairs", "made.tsv", "--to", "EN"], "two languages are needed"),
        (["--pairs", "lonely.txt", "--to", "xx"], "lonely.txt"),
        (["--pairs", "absent.tsv", "--to", "xx"], "absent.tsv: cannot be read"),
        (["--pairs", "empty.tsv", "--to", "xx"], "the corpus is empty"),
        (["--pairs", "made.tsv", "--to", "xx", "--out", "empty.tsv"], "--out: cannot make"),
    ],
)
def test_a_wrong_call_is_explained_in_one_line(arguments, says, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    write_tsv(tmp_path / "made.tsv", 40)
    (tmp_path / "empty.tsv").touch()
    code, printed, told = call("quickstart", *arguments, *MOMENT)
    assert code == 2
    assert not printed
    assert told.splitlines()[-1].startswith("latimer: ")
    assert says in told.splitlines()[-1]
