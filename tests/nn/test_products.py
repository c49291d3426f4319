"""Which matrix products search takes."""

import time

import pytest
import torch

from latimer.errors import InputError
from latimer.nn import products, rounded
from latimer.nn.int8 import Int8Weight
from latimer.nn.products import FEW, MANY, PRODUCTS, choose_products
from latimer.nn.rounded import PROBE, Rounded, pays

CPU = torch.device("cpu")


@pytest.fixture
def machine(monkeypatch):
    """A machine that is able to do some products, and quick at some."""

    def make(*, able, quick):
        monkeypatch.setattr(products, "int8_exact", lambda device: "int8" in able)
        monkeypatch.setattr(products, "fp16_works", lambda device: "fp16" in able)

        def pays(kind, rows, **settings):
            name = "int8" if kind is Int8Weight else "fp16"
            assert rows == (MANY if name == "int8" else FEW)
            assert name in able  # nothing is tried that does not work
            return name in quick

        monkeypatch.setattr(products, "pays", pays)

    return make


@pytest.mark.parametrize(
    ("able", "quick", "chosen"),
    [
        (("int8", "fp16"), ("int8", "fp16"), "int8"),
        (("int8", "fp16"), ("fp16",), "fp16"),
        (("int8", "fp16"), (), "fp32"),
        (("fp16",), ("int8", "fp16"), "fp16"),
        ((), ("int8", "fp16"), "fp32"),
    ],
)
def test_auto_takes_what_pays(machine, able, quick, chosen):
    machine(able=able, quick=quick)
    assert choose_products("auto", CPU) == chosen


def test_what_is_asked_for_is_taken_where_it_works(machine):
    machine(able=("int8", "fp16"), quick=())
    assert [choose_products(name, CPU) for name in PRODUCTS] == list(PRODUCTS)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("int8", "precision int8: .*not exact.*fp32"),
        ("fp16", "precision fp16: .*no products.*fp32"),
        ("bf17", "'bf17'.*auto, fp32, fp16, int8"),
    ],
)
def test_what_does_not_work_is_refused_by_name(machine, name, message):
    machine(able=(), quick=())
    with pytest.raises(InputError, match=message):
        choose_products(name, CPU)


class Slow(Rounded):
    """Products that take their time, and count their rows."""

    rows = 0

    def linear(self, inputs, bias=None):
        Slow.rows += len(inputs)
        end = time.thread_time() + 0.001 * len(inputs)
        while time.thread_time() < end:
            pass
        return inputs

    def dequantised(self):
        raise NotImplementedError

    def __getitem__(self, rows):
        raise NotImplementedError


def test_what_is_far_too_slow_is_given_up_soon():
    assert not pays(Slow, 1000)
    assert Slow.rows <= 2 * PROBE


@pytest.mark.skipif(not rounded._SHARP, reason="no precise clock of a thread's own time")
def test_waiting_for_others_is_not_counted():
    class Interrupted(Slow):
        def linear(self, inputs, bias=None):
            time.sleep(0.006)
            return inputs

    assert pays(Interrupted, 1000)


def test_what_costs_nothing_pays():
    class Quick(Slow):
        def linear(self, inputs, bias=None):
            return inputs

    assert pays(Quick, MANY)
    assert not pays(lambda weight: None, MANY)
