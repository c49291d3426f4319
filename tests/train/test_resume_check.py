import pytest
import torch
from task import tiny_recipe

from latimer.errors import InputError
from latimer.train.checkpoint.resume_check import check_same_run, flatten, only_one_trains
from latimer.train.loop import precision
from latimer.train.loop.precision import choose_precision

CPU = torch.device("cpu")


def tree(tmp_path, **training):
    return tiny_recipe(tmp_path, **training).model_dump(mode="json")


def test_limits_and_places_may_change(tmp_path):
    begun = tree(tmp_path, max_updates=10)
    now = tree(
        tmp_path / "moved",
        max_updates=20,
        max_minutes=3.0,
        patience=4,
        cooldown=0.5,
        extrapolation=2.0,
    )
    now["search"]["beam"] = 7
    check_same_run(now, begun, tmp_path)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("training", "learning_rate", 0.25),
        ("training", "batch_tokens", 99),
        ("training", "validate_every", 3),
        ("training", "average", 9),
        ("model", "decoder_size", 99),
        ("subwords", "size", 99),
        ("data", "target_language", "de"),
        ("constraints", "max_length", 9),
    ],
)
def test_what_would_change_the_run_is_named(tmp_path, section, key, value):
    begun, now = tree(tmp_path, max_updates=10), tree(tmp_path, max_updates=10)
    now[section][key] = value
    with pytest.raises(InputError, match=rf"{section}\.{key} is {value}, was ") as caught:
        check_same_run(now, begun, tmp_path)
    assert caught.value.exit_code == 2


def test_every_difference_is_named(tmp_path):
    begun, now = tree(tmp_path, max_updates=10), tree(tmp_path, max_updates=10)
    now["seed"], now["model"]["dropout"] = 6, 0.25
    with pytest.raises(InputError, match=r"model\.dropout is 0\.25, was 0\.1; seed is 6, was 5"):
        check_same_run(now, begun, tmp_path)


def test_a_key_that_did_not_exist_then_is_at_its_default(tmp_path):
    begun, now = tree(tmp_path, max_updates=10), tree(tmp_path, max_updates=10)
    del begun["model"]["residual"]
    check_same_run(now, begun, tmp_path)
    now["model"]["residual"] = True
    with pytest.raises(InputError, match=r"model\.residual is True, was False"):
        check_same_run(now, begun, tmp_path)


def test_flatten():
    assert flatten({"a": {"b": 1, "c": {"d": None}}, "e": 2}) == {"a.b": 1, "a.c.d": None, "e": 2}


def test_a_second_process_is_kept_out(tmp_path):
    with (
        only_one_trains(tmp_path),
        pytest.raises(InputError, match="another process"),
        only_one_trains(tmp_path),
    ):
        pass
    with only_one_trains(tmp_path):
        pass


@pytest.mark.parametrize(("bf16", "chosen"), [(0.5, "bf16"), (0.9, "fp32"), (20.0, "fp32")])
def test_auto_takes_what_is_measurably_faster(monkeypatch, bf16, chosen):
    seconds = {torch.float32: 1.0, torch.bfloat16: bf16}
    monkeypatch.setattr(precision, "measure", lambda dtype, device: seconds[dtype])
    assert choose_precision("auto", CPU) == chosen
    assert choose_precision("fp32", CPU) == "fp32"
    assert choose_precision("bf16", CPU) == "bf16"


def test_measuring_gives_a_time_for_both():
    for dtype in (torch.float32, torch.bfloat16):
        assert 0 < precision.measure(dtype, CPU, budget=0.01) < float("inf")


def test_an_unknown_precision_is_refused_with_the_choices():
    with pytest.raises(InputError, match="auto, fp32, bf16"):
        choose_precision("fp16", CPU)
