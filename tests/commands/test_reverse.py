"""`latimer translate --reverse`, through the real command."""

import pytest
from command import complaint, latimer

import latimer as library
from asking import asked
from channel_models import made
from latimer.engines.neural.noisy_channel import load_channel
from latimer.model.card import model_card
from latimer.model.folder import save_model
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
    options = ("--reverse", folders / "reverse", "--lm", folders / "lm", "--channel-weight", 0.7)
    run = latimer(*given, *options, "--lm-weight", 0.3, stdin=stdin)
    assert run.returncode == 0, run.stderr
    translator = library.load(folders / "direct")
    channel = load_channel(
        translator.model, folders / "reverse", folders / "lm", channel_weight=0.7,
        language_weight=0.3,
    )  # fmt: skip
    expected = [t.text for t in translator.translate(texts, **asked(channel=channel))]
    assert run.stdout.decode().splitlines() == expected
    assert run.stdout != latimer(*given, stdin=stdin).stdout
    # In search the language model must share the vocabulary; a reranking one need not.
    refused = complaint(latimer(*given, "--lm", folders / "lm", stdin=stdin), 2)
    assert "the language model has another vocabulary" in refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--channel-weight", 1], "--channel-weight is for reranking: add --reverse"),
        (["--reverse", "reverse", "--with", "direct"], "--reverse and --with exclude each other"),
        (["--reverse", "reverse", "--sample"], "--reverse ranks what the beam finds; --sample"),
        (["--reverse", "reverse", "--beam", 1], "nothing to choose from with --beam 1"),
        (["--reverse", "direct"], "is not the way back from en → de"),
        (["--reverse", "lm"], "lm: a language model, but a translator is needed"),
        (["--reverse", "nothing"], "no such model folder"),
    ],
)
def test_what_does_not_go_together_is_refused(folders, options, message):
    options = [folders / o if str(o).isalpha() else o for o in options]
    run = latimer("translate", folders / "direct", *options, stdin=b"x\n")
    assert message in complaint(run, 2)
