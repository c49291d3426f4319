import pytest
import sacrebleu
import torch

from latimer.model.folder import load_model
from latimer.nn.seq2seq import Seq2Seq
from latimer.tensors import weights_of
from latimer.text.corpus.tokenised import TokenisedCorpus
from latimer.train.checkpoint.averaging import Checkpoints
from latimer.train.loop.progress import Progress
from latimer.train.loop.validation import DevScores, DevSet, Validator
from latimer.train.loop.workers import Workers
from latimer.train.objectives.likelihood import Likelihood
from latimer.train.run.final import Extrapolation, Final
from latimer.train.run.publish import Publisher
from tiny_model import CopyNetwork, sentences, tiny_model

LINES = sentences(40, seed=3)
TEXTS = list(zip(LINES, [line.replace("ka", "ti") for line in LINES], strict=True))


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture
def corpus(model, tmp_path):
    path = tmp_path / "dev.arrow"
    TokenisedCorpus.write(path, model.vocabulary.encode_pairs(TEXTS))
    return TokenisedCorpus.open(path)


def validator(model, corpus, tokens=64):
    return Validator(
        DevSet(model.vocabulary, corpus, TEXTS, "de"), batch_tokens=tokens, max_length=None,
        device=torch.device("cpu"),
    )  # fmt: skip


class Copying(CopyNetwork):
    """A network that copies, with a loss nobody looks at."""

    encode = features = None
    training = True


def test_bleu_is_sacrebleus_of_what_greedy_search_writes(model, corpus, monkeypatch):
    network = Copying(len(model.vocabulary.source))
    monkeypatch.setattr(Validator, "_loss", lambda *arguments: 1.0)
    scores = validator(model, corpus).scores(network, Workers())
    expected = sacrebleu.corpus_bleu(LINES, [[target for _, target in TEXTS]]).score
    assert 0 < expected < 100
    assert scores.bleu == pytest.approx(expected)


def test_loss_is_that_of_single_sentences_added_up(model, corpus):
    from latimer.text.batching import collate

    objective, total, labels = Likelihood(model.network, 0.0), 0.0, 0
    for row in range(len(corpus)):
        loss = objective.loss(collate(corpus, [row]))
        total, labels = total + float(loss.value.detach()) * loss.weight, labels + loss.weight
    scores = validator(model, corpus).scores(model.network, Workers())
    assert scores.loss == pytest.approx(total / labels, rel=1e-5)


@pytest.mark.parametrize(("tokens", "threads"), [(8, 1), (500, 1), (64, 3)])
def test_batches_and_threads_change_nothing(model, corpus, tokens, threads):
    expected = validator(model, corpus).scores(model.network, Workers())
    workers = Workers(threads)
    found = validator(model, corpus, tokens).scores(model.network, workers)
    workers.close()
    assert found.bleu == pytest.approx(expected.bleu)
    assert found.loss == pytest.approx(expected.loss, rel=1e-5)


def test_it_draws_nothing_and_leaves_the_network_training(model, corpus):
    network = tiny_model(dropout=0.5).network.train()
    before = torch.get_rng_state()
    first = validator(model, corpus).scores(network, Workers())
    assert torch.equal(torch.get_rng_state(), before)
    assert network.training
    assert validator(model, corpus).scores(network, Workers()) == first


def test_it_stops_when_asked(model, corpus):
    assert validator(model, corpus).scores(model.network, Workers(), lambda: True) is None


class Data:
    """What a publisher wants to know of prepared data."""

    def __init__(self, vocabulary, corpus):
        self.vocabulary, self.train, self.dev = vocabulary, corpus, corpus
        self.lexicon = None
        self.too_long = None


def two_checkpoints(model, corpus, tmp_path, network, size):
    """A publisher, and of two checkpoints, their biases all 10 and all 20, at most `size` kept."""
    from task import build_recipe, recipe_tree

    pool, progress = Checkpoints(tmp_path / "checkpoints", size), Progress(update=30)
    for update, score in ((10, 8.0), (20, 10.0)):
        with torch.no_grad():
            network.output.bias.fill_(float(update))
        progress.candidates = pool.offer(progress.candidates, score, update, weights_of(network))
    sizes = {**model.config.network.model_dump(), "dropout": 0.0}
    recipe = build_recipe(recipe_tree(tmp_path, model=sizes))
    publisher = Publisher(tmp_path, recipe, Data(model.vocabulary, corpus), "latimer train x")
    return publisher, pool, progress


@pytest.mark.parametrize(
    ("bleu", "chosen"), [(10.0, "average"), (9.9, "best"), (12.0, "average"), (None, None)]
)
def test_the_average_is_kept_when_it_is_no_worse(model, corpus, tmp_path, bleu, chosen):
    network: Seq2Seq = tiny_model().network
    publisher, pool, progress = two_checkpoints(model, corpus, tmp_path, network, 2)
    said = []
    folder = Final(
        publisher, network, pool, progress,
        lambda: None if bleu is None else DevScores(bleu, 1.0), said.append,
    ).publish()  # fmt: skip
    best = load_model(tmp_path / "models" / "best")
    assert best.config.scores.dev_bleu_greedy == 10.0
    assert best.network.output.bias[0] == 20.0
    if chosen is None:
        assert folder is None
        return
    assert folder == tmp_path / "models" / chosen
    assert (tmp_path / "models" / "average").exists() == (chosen == "average")
    if chosen == "average":
        assert load_model(folder).network.output.bias[0] == 15.0
    assert f"the {chosen} is kept" in said[0]


@pytest.mark.parametrize(
    ("count", "scores", "bias"),
    [
        (2, {15.0: 9.0, 22.0: 11.0}, 22.0),  # begun at 1, mean 15, one and a half times as far
        (2, {15.0: 11.0, 22.0: 10.5}, 15.0),
        (2, {15.0: 9.0, 22.0: 9.5}, None),
        (1, {29.5: 10.0}, 29.5),
        (1, {29.5: 9.0}, None),
    ],
)
def test_the_average_goes_further_where_dev_says_so(model, corpus, tmp_path, count, scores, bias):
    network: Seq2Seq = tiny_model().network
    with torch.no_grad():
        network.output.bias.fill_(1.0)
    begun = {name: tensor.clone() for name, tensor in weights_of(network).items()}
    publisher, pool, progress = two_checkpoints(model, corpus, tmp_path, network, count)
    seen = []

    def validate():
        seen.append(network.output.bias[0].item())
        return DevScores(scores[seen[-1]], 1.0)

    further = Extrapolation(begun, 1.5)
    folder = Final(
        publisher, network, pool, progress, validate, lambda text: None, further
    ).publish()
    assert seen == list(scores)
    assert folder.name == ("best" if bias is None else "average")
    kept = load_model(folder)
    assert torch.equal(
        kept.network.output.bias, torch.full_like(kept.network.output.bias, bias or 20.0)
    )
    assert kept.config.scores.extrapolation == {22.0: 1.5, 29.5: 1.5, 15.0: 1.0}.get(bias)


def test_there_is_nothing_beyond_the_start_itself(model, corpus, tmp_path):
    from task import build_recipe, recipe_tree

    network: Seq2Seq = tiny_model().network
    pool, progress = Checkpoints(tmp_path / "checkpoints", 3), Progress(update=30)
    progress.candidates = pool.offer([], 8.0, 0, weights_of(network))
    recipe = build_recipe(recipe_tree(tmp_path, model=model.config.network.model_dump()))
    publisher = Publisher(tmp_path, recipe, Data(model.vocabulary, corpus), "latimer train x")
    further = Extrapolation(weights_of(tiny_model().network), 2.0)
    folder = Final(publisher, network, pool, progress, None, print, further).publish()
    assert folder.name == "best"
