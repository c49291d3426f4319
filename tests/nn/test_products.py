"""Which matrix products search takes."""

import math
import time

import pytest
import torch

from latimer.errors import InputError
from latimer.nn.inference import products
from latimer.nn.inference import quantised as rounded
from latimer.nn.inference.fp16 import fp16_weight
from latimer.nn.inference.int8 import Int8Weight
from latimer.nn.inference.products import FEW, MANY, PRODUCTS, choose_products
from latimer.nn.inference.quantised import PROBE, QuantisedWeight, product_seconds

CPU = torch.device("cpu")


@pytest.fixture
def machine(monkeypatch):
    """A machine that can do some products, and how much faster they are, by name and rows."""
    tried = []

    def make(*, able, gains):
        monkeypatch.setattr(products, "int8_exact", lambda device: "int8" in able)
        monkeypatch.setattr(products, "fp16_works", lambda device: "fp16" in able)

        def product_seconds(kind, rows):
            assert torch.get_num_threads() == 1  # as in search
            name = {None: "fp32", Int8Weight: "int8", fp16_weight: "fp16"}[kind]
            assert name in (*able, "fp32")  # nothing is tried that does not work
            tried.append((name, rows))
            return 1 / gains.get((name, rows), 1.0)

        monkeypatch.setattr(products, "product_seconds", product_seconds)
        return tried

    def forget():
        products._int8_pays.cache_clear()
        products._fastest_alone.cache_clear()

    forget()
    yield make
    forget()


BOTH = ("int8", "fp16")


@pytest.mark.parametrize(
    ("able", "gains", "alone", "batches"),
    [
        # int8 is quick in batches, and slower or faster than fp16 for one sentence.
        (BOTH, {("int8", MANY): 4, ("int8", FEW): 1.5, ("fp16", FEW): 2}, "fp16", "int8"),
        (BOTH, {("int8", MANY): 4, ("int8", FEW): 2.5, ("fp16", FEW): 2}, "int8", "int8"),
        (("int8",), {("int8", MANY): 4, ("int8", FEW): 1.3}, "int8", "int8"),
        (("int8",), {("int8", MANY): 4, ("int8", FEW): 1.1}, "fp32", "int8"),
        # int8 is not quick enough in batches: it is not taken alone either.
        (BOTH, {("int8", MANY): 1.4, ("int8", FEW): 3, ("fp16", FEW): 2}, "fp16", "fp16"),
        (BOTH, {("int8", MANY): 1.4, ("fp16", FEW): 1.1}, "fp32", "fp32"),
        (("fp16",), {("fp16", FEW): 1.3}, "fp16", "fp16"),
        ((), {}, "fp32", "fp32"),
    ],
)
def test_auto_takes_what_pays(machine, able, gains, alone, batches):
    machine(able=able, gains=gains)
    assert choose_products("auto", CPU, alone=True) == alone
    assert choose_products("auto", CPU) == batches


def test_auto_tries_once_and_only_what_it_needs(machine):
    tried = machine(able=BOTH, gains={("int8", MANY): 4, ("fp16", FEW): 2})
    for _ in range(2):
        assert choose_products("auto", CPU) == "int8"
    assert sorted(tried) == [("fp32", MANY), ("int8", MANY)]
    for _ in range(2):
        assert choose_products("auto", CPU, alone=True) == "fp16"
    assert sorted(tried[2:]) == [("fp16", FEW), ("fp32", FEW), ("int8", FEW)]


def test_trying_leaves_the_threads_of_pytorch(machine):
    machine(able=BOTH, gains={})
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        choose_products("auto", CPU)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_what_is_asked_for_is_taken_where_it_works(machine):
    machine(able=BOTH, gains={})
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
    machine(able=(), gains={})
    with pytest.raises(InputError, match=message):
        choose_products(name, CPU)


class Slow(QuantisedWeight):
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
    assert product_seconds(Slow, 1000) == math.inf
    assert Slow.rows <= 2 * PROBE


@pytest.mark.skipif(not rounded._SHARP, reason="no precise clock of a thread's own time")
def test_waiting_for_others_is_not_counted():
    class Interrupted(Slow):
        def linear(self, inputs, bias=None):
            time.sleep(0.006)
            return inputs

    assert product_seconds(Interrupted, 1000) < product_seconds(None, 1000)


def test_what_costs_nothing_is_faster_than_float32():
    class Quick(Slow):
        def linear(self, inputs, bias=None):
            return inputs

    assert product_seconds(Quick, MANY) < product_seconds(None, MANY)
    assert product_seconds(lambda weight: None, MANY) == math.inf
