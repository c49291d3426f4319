import io

from rich.console import Console

from latimer.train.loop.display import Display
from latimer.train.loop.log import Report


def console(terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=200, highlight=False)


def update(number: int) -> Report:
    figures = {
        "loss": 2.5, "perplexity": 12.0, "tokens_per_second": 3456.0, "learning_rate": 1e-3,
        "seconds_left": 61.0, "skipped": 0,
    }  # fmt: skip
    return Report("update", number, 0, 30.0, figures)


def show(terminal: bool) -> str:
    display = Display(console(terminal))
    with display:
        display(Report("start", 0, 0, 0.0, message="7 pairs [to learn] from"))
        for number in range(1, 50):
            display(update(number))
        display(Report("validation", 49, 0, 31.0, {"bleu": 20.25, "best_bleu": 21.5}))
    return display.console.file.getvalue()


def test_without_a_terminal_updates_are_a_line_now_and_then():
    lines = show(terminal=False).splitlines()
    assert lines[0] == "7 pairs [to learn] from"
    assert lines[1] == (
        "0:30  epoch 1, update 1  loss 2.500  perplexity 12.00  3,456 tokens/s  rate 1.00e-03  "
        "1:01 left"
    )
    assert lines[2:] == ["0:31  epoch 1, update 49  dev: BLEU 20.25  best 21.50"]


def test_on_a_terminal_one_line_lives():
    text = show(terminal=True)
    for part in ("loss 2.500", "3,456 tokens/s", "1:01 left", "BLEU 20.25", "━"):
        assert part in text


def test_what_learning_from_reward_adds_has_a_line_of_its_own():
    figures = {"loss": 2.5, "reward": 0.4321, "entropy": 1.2, "length_ratio": 0.98, "top10": 0.9}
    display = Display(console(terminal=True))
    with display:
        display(Report("update", 3, 0, 30.0, figures))
    lines = display.console.file.getvalue().splitlines()
    assert any("loss 2.500" in line and "reward" not in line for line in lines)
    assert any("reward 0.432  entropy 1.20  length 0.98" in line for line in lines)
