"""Which products a call takes, what is made for it, and how many threads PyTorch has meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

import latimer
from asking import asked, translator_of
from latimer.engines.neural import engine, scorers
from latimer.engines.neural.scoring import score_texts
from latimer.nn.inference.folded import FoldedDecoder
from latimer.threads import available_cores
from tiny_model import copying_model, save_tiny_model, sentences, tiny_model


@pytest.fixture
def made(monkeypatch):
    """What is made ready, by name, on a machine where one sentence has other products."""
    found = []

    def product(name):
        def make(network):
            found.append((name, network))
            return network

        return make

    names = ("fp32", "for one", "for several")
    monkeypatch.setattr(scorers, "PRODUCTS", {name: product(name) for name in names})

    def choose(wanted, device, *, alone=False):
        return ("for one" if alone else "for several") if wanted == "auto" else wanted

    monkeypatch.setattr(engine, "choose_products", choose)
    return found


def names(made):
    return [name for name, _ in made if name != "fp32"]


def test_auto_takes_for_one_sentence_what_is_quick_for_one(made):
    translator = translator_of(tiny_model(), precision="auto")
    translator.translate([])
    translator.translate(["", " "])
    assert names(made) == []  # nothing to translate
    translator.translate(["Kalo suti.", "", "Kalo suti."], **asked(beam=3))
    assert names(made) == ["for one"]
    translator.translate(["Miner."], **asked(beam=20))
    assert names(made) == ["for one"]
    translator.translate(["Miner.", "Kalo."], **asked(beam=1))
    translator.translate(["Miner.\nKalo."], **asked(beam=1))
    translator.translate(["Kalo."])
    assert names(made) == ["for one", "for several"]
    assert [translator.engine.products(count) for count in (1, 2)] == ["for one", "for several"]
    assert translator.engine.precision == "auto"


def test_what_is_asked_for_is_taken_for_all(made):
    translator = translator_of(tiny_model(), precision="for one")
    translator.translate(["Kalo."])
    translator.translate(["Kalo.", "Suti."])
    assert [name for name, _ in made] == ["for one"]
    assert translator.engine.precision == "for one"


def test_networks_are_folded_once(made):
    one, other = tiny_model(), tiny_model(seed=1)
    translator = translator_of(one, other, precision="auto")
    for texts in (["Kalo."], ["Kalo.", "Suti."]):
        translator.translate(texts)
    assert len(made) == 6
    assert isinstance(made[0][1].decoder, FoldedDecoder)
    assert len({id(network) for _, network in made}) == 2


def test_threads_that_ask_together_make_it_once(made):
    translator = translator_of(tiny_model(), precision="auto")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(translator.translate, [["Kalo suti."]] * 8))
    assert names(made) == ["for one"]


@pytest.fixture
def three():
    """PyTorch uses three threads here, and in threads that are new."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def in_new_thread():
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(torch.get_num_threads).result()


def watch(model):
    """PyTorch's threads at every reading of a source, and in which thread that is."""
    found = []
    model.network.encoder.register_forward_hook(
        lambda *call: found.append((torch.get_num_threads(), threading.get_ident()))
    )
    return found


@pytest.mark.parametrize("count", [1, 3])
def test_pytorch_has_one_thread_in_each_while_translating(three, count):
    model = tiny_model()
    translator = translator_of(model, threads=count, batch_tokens=40)
    seen = watch(model)
    translator.translate(sentences(30), **asked(max_length=5))
    assert {number for number, _ in seen} == {1}
    assert (threading.get_ident() in {ident for _, ident in seen}) == (count == 1)
    assert torch.get_num_threads() == in_new_thread() == 3


def test_pytorch_has_its_threads_back_after_an_error(three):
    model = tiny_model()

    def fail(*call):
        raise RuntimeError(torch.get_num_threads())

    model.network.encoder.register_forward_hook(fail)
    for count in (1, 2):
        with pytest.raises(RuntimeError, match=r"^1$"):
            translator_of(model, threads=count).translate(["Kalo."])
        assert torch.get_num_threads() == in_new_thread() == 3


@pytest.mark.parametrize("shared", [True, False])
def test_callers_in_several_threads_keep_their_settings(three, shared):
    models = [copying_model() for _ in range(1 if shared else 4)]
    translators = [translator_of(model, threads=2, batch_tokens=40) for model in models] * (
        4 if shared else 1
    )
    lines, together = sentences(12), threading.Barrier(4)

    def work(number):
        torch.get_num_threads()  # the first use of PyTorch would set it once more
        torch.set_num_threads(number + 2)
        together.wait()
        for _ in range(5):
            found = translators[number].translate(lines)
            assert [one.text for one in found] == lines
        return torch.get_num_threads()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [2, 3, 4, 5]
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize(("batch_tokens", "several"), [(60, True), (10_000, False)])
def test_scoring_uses_one_thread_in_each_too(three, batch_tokens, several):
    model, lines = tiny_model(), sentences(40)
    seen = watch(model)
    score_texts(model, lines, lines, batch_tokens=batch_tokens)
    assert (len(seen) > 1) == several
    assert {number for number, _ in seen} == {1}
    assert torch.get_num_threads() == in_new_thread() == 3


def test_by_default_every_core_takes_part(tmp_path):
    save_tiny_model(tmp_path / "model")
    assert latimer.load(tmp_path / "model").engine.pool.threads == available_cores()
    assert latimer.load(tmp_path / "model", threads=1).engine.pool.threads == 1
