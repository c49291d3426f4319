"""The loop of decoding and tuning, with a decoder that knows all candidates."""

from __future__ import annotations

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU

from latimer.errors import InputError, SettingError
from latimer.statistical.sentences import Sentences
from latimer.statistical.tuning.loop import TuningState, tune
from latimer.statistical.tuning.pool import NBest
from latimer.statistical.tuning.settings import TuningSettings
from latimer.statistical.tuning.tuners import TUNERS


def run(task, state=None, progress=None, **settings):
    settings = TuningSettings(**settings)
    return tune(
        task.decode, task.references, task.features, settings, state=state, progress=progress
    )


def decoded_bleu(task, weights):
    """BLEU of the best of all candidates, by sacreBLEU."""
    found = task.decode(weights, best=1)
    texts = [
        [" ".join(map(str, side.sentence(k))) for k in range(side.size)]
        for side in (found.hypotheses, task.references)
    ]
    return BLEU(tokenize="none", force=True).corpus_score(texts[0], [texts[1]]).score


@pytest.mark.parametrize("kind", TUNERS)
def test_tuning_gains_on_the_decoded_set_and_on_another(make_task, kind):
    task, other = make_task(sentences=300, seed=1), make_task(sentences=300, seed=2)
    tuned = run(task, kind=kind)
    assert tuned.outcome in ("tuned", "mixed")
    assert tuned.default_bleu == pytest.approx(decoded_bleu(task, task.features.default))
    assert tuned.dev_bleu == pytest.approx(decoded_bleu(task, tuned.weights))
    assert tuned.dev_bleu > tuned.default_bleu + 1
    gain = decoded_bleu(other, tuned.weights) - decoded_bleu(other, task.features.default)
    assert gain > 1
    assert 1 <= tuned.rounds <= 4
    assert tuned.weights[0] >= 0
    assert f"{tuned.default_bleu:.1f} → {tuned.dev_bleu:.1f}" in tuned.message


def test_the_best_decoded_weights_are_kept(make_task):
    task = make_task(sentences=200, seed=3)
    tuned = run(task, rounds=6)
    assert tuned.outcome == "tuned"
    assert tuned.dev_bleu == max(one.bleu for one in tuned.history)
    best = next(one for one in tuned.history if one.bleu == tuned.dev_bleu)
    assert tuned.weights == pytest.approx(task.features.normalised(np.array(best.weights)))
    for one in tuned.history:
        assert one.bleu == pytest.approx(decoded_bleu(task, np.array(one.weights)))


def test_the_pool_grows_by_what_is_new(make_task):
    tuned = run(make_task(sentences=100, seed=4))
    sizes = [one.candidates for one in tuned.history]
    assert sizes[0] == tuned.history[0].new == 1000
    assert np.diff(sizes).tolist() == [one.new for one in tuned.history[1:]]


def test_tuning_ends_when_decoding_finds_nothing_new(make_task):
    task = make_task(sentences=100, seed=4, candidates=8)  # all of them are found at once
    tuned = run(task, rounds=50)
    assert tuned.history[-1].new == 0
    assert tuned.rounds == 1


def test_weights_that_fit_noise_are_not_taken(make_task):
    """The candidates differ only in noise, which can be fitted on the set but not elsewhere."""
    task = make_task(sentences=100, features=12, seed=6)
    random = np.random.default_rng(0)
    task.all_features = [random.normal(size=(60, 12)).astype(np.float32) for _ in task.all_lists]
    task.all_lists = [
        [(tokens, row) for (tokens, _), row in zip(one, rows, strict=True)]
        for one, rows in zip(task.all_lists, task.all_features, strict=True)
    ]
    tuned = run(task, kind="mert")
    assert max(one.bleu for one in tuned.history) > tuned.default_bleu + 1  # fitted, as it would
    assert tuned.outcome == "default"
    assert (tuned.weights == task.features.default).all()
    assert tuned.dev_bleu == tuned.default_bleu
    assert tuned.message.startswith("default weights kept: tuned ones were no better on sentences")


def test_tuning_stopped_after_any_round_goes_on_as_if_it_had_not(make_task):
    states = []
    whole = run(make_task(seed=8), progress=states.append)
    assert [len(state.rounds) for state in states] == list(range(1, len(whole.history) + 1))
    for state in states:
        task = make_task(seed=8)
        again = run(task, state=TuningState.from_json(state.as_json()))
        assert again.history == whole.history
        assert (again.weights == whole.weights).all()
        assert again.held_out == whole.held_out


def test_seeds(make_task):
    first, again, other = (run(make_task(seed=9), seed=seed) for seed in (1, 1, 2))
    assert first.history == again.history
    assert (first.weights == again.weights).all()
    assert first.history != other.history


@pytest.mark.parametrize("text", ["", "3", "[1]", '[{"number": 1}]', '[{"weights": 3}]'])
def test_a_state_of_something_else_is_refused(text):
    with pytest.raises(InputError, match="this is no state of tuning"):
        TuningState.from_json(text)


def test_a_state_of_another_model_is_refused(make_task):
    states = []
    run(make_task(sentences=100, features=3), progress=states.append, rounds=1)
    with pytest.raises(InputError) as error:
        run(make_task(sentences=100, features=4), state=states[-1])
    assert str(error.value) == "the state of tuning has 3 weights, the model 4 features; tune anew"


def test_a_set_that_is_too_small(make_task):
    task = make_task(sentences=99)
    tuned = run(task)
    assert tuned.outcome == "too_small"
    assert tuned.message == (
        "default weights kept: the development set has 99 sentences, and tuning needs at least 100"
    )
    assert (tuned.weights == task.features.default).all()
    assert not task.decoded


def test_tuning_can_be_left_out(make_task):
    task = make_task(sentences=120)
    tuned = run(task, kind="none")
    assert tuned.outcome == "off"
    assert tuned.message == "default weights kept, as set"
    assert (tuned.weights == task.features.default).all()
    assert not task.decoded


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lists: lists[:-1], "119 n-best lists for 120 references; each reference needs one"),
        (lambda lists: [*lists[:2], [], *lists[3:]], "sentence 3 has no candidate; one is needed"),
        (
            lambda lists: [[(tokens, row[:3]) for tokens, row in one] for one in lists],
            "features of candidates have the shape (1200, 3); (1200, 4) is needed",
        ),
        (
            lambda lists: [[(tokens, row * np.nan) for tokens, row in one] for one in lists],
            "a feature of a candidate is not a finite number",
        ),
    ],
)
def test_nbest_lists_that_do_not_fit_are_refused(make_task, change, message):
    task = make_task(sentences=120, candidates=10)
    task.decode = lambda weights: NBest.of(change(task.all_lists))
    with pytest.raises(InputError) as error:
        run(task)
    assert str(error.value) == message


def test_settings_are_checked():
    with pytest.raises(SettingError, match=r"kind is 'mertt'; did you mean mert\?"):
        TuningSettings(kind="mertt")
    with pytest.raises(SettingError, match="trust is 0"):
        TuningSettings(trust=0.0)


def test_references_are_sentences_of_the_same_ids(make_task):
    task = make_task(sentences=100)
    strange = Sentences(task.references.tokens + 1000, task.references.offsets)
    tuned = tune(task.decode, strange, task.features, TuningSettings())
    assert tuned.default_bleu == 0.0
    assert tuned.outcome == "default"
