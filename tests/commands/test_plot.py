"""`latimer plot`, end to end: pictures are written, and bad calls are one clear line."""

import json

import pytest
from command import complaint, latimer

pytest.importorskip("matplotlib")

import latimer.commands.plot as command
from latimer.plots.curves import Curves, Point
from latimer.plots.lines import gradient_lines, length_lines, run_lines
from tiny_model import save_tiny_model, sentences

PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Models with and without attention, a language model, text, and two runs' logs."""
    folder = tmp_path_factory.mktemp("plot")
    fixed = {"attention": "none", "encoder_directions": "forward"}
    save_tiny_model(folder / "attentive")
    save_tiny_model(folder / "run" / "models" / "best", **fixed, cell="rnn")
    save_tiny_model(folder / "alone", kind="language_model", attention="none")
    for name, seed in (("source", 1), ("target", 2)):
        (folder / name).write_text("\n".join(sentences(30, seed=seed)) + "\n")
    for name in ("run", "other"):
        (folder / name).mkdir(exist_ok=True)
        lines = [
            {
                "kind": "validation",
                "update": k,
                "epoch": 0,
                "seconds": k,
                "loss": 5 - k,
                "bleu": k,
                "kl": 0.1 * k,
            }
            for k in (1, 2, 3)
        ]
        (folder / name / "log.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    return folder


CALLS = {
    "curves of one": ["curves", "run"],
    "curves of two": ["curves", "run", "other"],
    "curves of seeds": ["curves", "run", "other", "--name", "one", "--name", "one", "--figure",
                        "kl", "--figure", "bleu", "--over", "minutes"],
    "attention": ["attention", "attentive", "--text", "Kalo minersu."],
    "gradient": ["gradient", "attentive", "run", "--source", "source", "--target", "target"],
    "length": ["length", "attentive", "run", "--source", "source", "--target", "target", "--beam",
               "1", "--name", "with", "--name", "without"],
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_picture_is_written_and_named(call, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    out = tmp_path / "picture.png"
    result = latimer("plot", *call, "--out", out)
    assert result.returncode == 0, result.stderr
    assert result.stdout.decode().strip() == str(out)
    assert out.read_bytes().startswith(PNG)


WRONG = {
    "curve: no such picture; choose one of curves, attention, gradient, length": ["curve", "run"],
    "attentive: no run; curves are drawn of a folder with log.jsonl": ["curves", "attentive"],
    "one model and a sentence are needed": ["attention", "attentive"],
    "the model has no attention to draw": ["attention", "run", "--text", "Kalo."],
    "--text: blank": ["attention", "attentive", "--text", " "],
    "name files with --source and --target": ["gradient", "attentive"],
    "alone: a language model, but a translator is needed": [
        "gradient", "alone", "--source", "source", "--target", "target",
    ],
    "this one is for `latimer perplexity alone text.txt`": [
        "length", "alone", "--source", "source", "--target", "target",
    ],
    "--text is for attention, not for curves": ["curves", "run", "--text", "a"],
    "--source is for gradient and length, not for attention": [
        "attention", "attentive", "--text", "a", "--source", "source",
    ],
    "--figure is for curves, not for gradient": ["gradient", "attentive", "--figure", "bleu"],
    "--over hours: choose updates or minutes": ["curves", "run", "--over", "hours"],
    "--name: 1 names for 2 folders": ["curves", "run", "other", "--name", "x"],
    "no such model folder": ["attention", "nothing", "--text", "a"],
}  # fmt: skip


@pytest.mark.parametrize(("message", "call"), WRONG.items())
def test_what_cannot_be_drawn_is_said(message, call, folder, monkeypatch, tmp_path):
    monkeypatch.chdir(folder)
    out = tmp_path / "picture.png"
    assert message in complaint(latimer("plot", *call, "--out", out), 2)
    assert not out.exists()


def test_every_picture_is_in_the_help():
    said = latimer("plot", "--help").stdout.decode()
    assert all(name in said for name in command.PICTURES)


def test_lines_hold_the_values_they_were_given():
    from matplotlib.ticker import FixedLocator

    from latimer.metrics.lengths import LengthScore

    axes = gradient_lines({"RNN": [1.0, 0.1, 0.01], "GRU": [1.0, 0.5]}).axes[0]
    assert [line.get_ydata().tolist() for line in axes.get_lines()] == [[1.0, 0.1, 0.01], [1, 0.5]]
    assert axes.get_yscale() == "log"
    left, right = axes.get_xlim()
    assert left > right  # the end of the sentence is on the right
    assert "10^{-2}" in str(axes.yaxis.get_major_formatter()(0.01))
    near = gradient_lines({"RNN": [1.0, 0.7], "GRU": [1.0, 1.6]}).axes[0].yaxis
    near.set_minor_locator(FixedLocator([0.7, 2.0]))
    shown = [label.get_text() for label in near.get_ticklabels(which="minor")]
    assert shown == ["0.7", "2.0"]
    scores = [LengthScore(1, 4, 2.5, 10, 30.0), LengthScore(5, 9, 7.0, 10, 12.0)]
    [line] = length_lines({"GRU": scores}).axes[0].get_lines()
    assert line.get_xydata().tolist() == [[2.5, 30.0], [7.0, 12.0]]
    curves = Curves(dev_loss=[Point(1, 10, 4.0)], dev_bleu=[Point(1, 10, 9.0)])
    losses, bleu = run_lines({"a": curves, "b": Curves()}).axes
    assert [list(line.get_ydata()) for line in losses.get_lines()] == [[4.0], []]
    assert [list(line.get_ydata()) for line in bleu.get_lines()] == [[9.0], []]


def test_seeds_are_thin_lines_and_a_mean_where_all_are_known():
    from latimer.errors import LatimerError

    runs = [
        Curves(dev={"kl": [Point(2, 0, 0.0), Point(4, 10, 1.0), Point(6, 20, 4.0)]}),
        Curves(dev={"kl": [Point(1, 0, 2.0), Point(5, 20, 2.0)]}),
    ]
    [axes] = run_lines({"a": runs}, figures=["kl"]).axes
    *seeds, mean = axes.get_lines()
    assert [len(line.get_xdata()) for line in seeds] == [3, 2]
    assert mean.get_xydata().tolist() == [[0, 1.0], [10, 1.5], [20, 3.0]]
    assert max(line.get_linewidth() for line in seeds) < mean.get_linewidth()
    [axes] = run_lines({"a": runs}, figures=["kl"], over="minutes").axes
    assert axes.get_lines()[-1].get_xydata().tolist() == [[2, 1.0], [4, 1.5], [5, 2.25]]
    with pytest.raises(LatimerError, match="with entropy; there are bleu, kl, loss"):
        run_lines({"a": runs}, figures=["entropy"])


def test_a_picture_is_a_png(folder, tmp_path):
    run = latimer("plot", "curves", folder / "run", "--out", tmp_path / "x.jpg")
    assert "x.jpg: end the name in .png" in complaint(run, 2)
