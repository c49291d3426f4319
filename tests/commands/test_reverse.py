"""`latimer translate --set engine.reverse=…`, through the real command."""

import pytest
from command import complaint, latimer

from asking import channel_of
from channel_models import made
from latimer.engines.neural.noisy_channel import NoisyChannel
from latimer.model.card import model_card
from latimer.model.folder import load_model, save_model
from tiny_model import sentences


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("channel")
    for name, model in zip(("direct", "reverse", "lm"), made(), strict=True):
        save_model(root / name, model, model_card(model.config, command="latimer train"))
    return root


def test_the_command_reranks_and_lm_alone_is_fusion(folders):
    texts = sentences(8, seed=9)
    given, stdin = ("translate", folders / "direct"), "".join(t + "\n" for t in texts).encode()
    options = {
        "reverse": folders / "reverse", "language_model": folders / "lm", "channel_weight": 0.7,
        "language_model_weight": 0.3,
    }  # fmt: skip
    words = [w for name, v in options.items() for w in ("--set", f"engine.{name}={v}")]
    run = latimer(*given, *words, stdin=stdin)
    assert run.returncode == 0, run.stderr
    models = [load_model(folders / name) for name in ("direct", "reverse", "lm")]
    channel = NoisyChannel(*models, channel_weight=0.7, language_weight=0.3)
    expected = [t.text for t in channel_of(channel).translate(texts)]
    assert run.stdout.decode().splitlines() == expected
    assert run.stdout != latimer(*given, stdin=stdin).stdout
    # In search the language model must share the vocabulary; a reranking one need not.
    refused = complaint(
        latimer(*given, "--set", f"engine.language_model={folders / 'lm'}", stdin=stdin), 2
    )
    assert "the language model has another vocabulary" in refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["engine.channel_weight=1"], "it is the weight of engine.reverse, which is not given"),
        (["engine.reverse={reverse}", "engine.ensemble={direct}"], "ranks what one model finds"),
        (["engine.reverse={reverse}", "search.kind=sampling"], "ranks what a beam finds; use beam"),
        (["engine.reverse={reverse}", "search.width=1"], "has nothing to choose from; widen"),
        (["engine.reverse={direct}"], "is not the way back from en → de"),
        (["engine.reverse={lm}"], "lm: a language model, but a translator is needed"),
        (["engine.reverse={nothing}"], "no such model folder"),
    ],
)
def test_what_does_not_go_together_is_refused(folders, options, message):
    names = {name: folders / name for name in ("reverse", "direct", "lm", "nothing")}
    given = [word for option in options for word in ("--set", option.format(**names))]
    run = latimer("translate", folders / "direct", *given, stdin=b"x\n")
    assert message in complaint(run, 2)
