import numpy as np
import pytest
from task import tiny_recipe, write_task

from latimer.errors import InputError
from latimer.formats.parallel import ParallelText
from latimer.train.loop.epochs import Epochs
from latimer.train.run.prepare import prepare


@pytest.fixture
def task(tmp_path):
    return write_task(tmp_path, pairs=60, dev=8)


def lines(path):
    return path.read_text().splitlines()


def test_tokens_say_what_the_text_says(task):
    prepared = prepare(tiny_recipe(task), task / "data")
    assert len(prepared.train) == 60
    for row, (source, target) in enumerate(
        zip(lines(task / "train.source"), lines(task / "train.target"), strict=True)
    ):
        source_ids, target_ids = prepared.train.row(row)
        assert prepared.vocabulary.source.decode(source_ids.tolist()) == source
        assert prepared.vocabulary.target.decode(target_ids.tolist()) == target
    texts = list(zip(lines(task / "dev.source"), lines(task / "dev.target"), strict=True))
    assert prepared.dev_texts == texts
    assert len(prepared.dev) == len(texts)


def test_what_is_there_is_used_again_and_what_has_changed_is_made_anew(task):
    recipe, arrow = tiny_recipe(task), task / "data" / "train.arrow"
    fingerprint = prepare(recipe, task / "data").fingerprint
    before = arrow.stat().st_mtime_ns, arrow.stat().st_ino
    assert prepare(recipe, task / "data", expected=fingerprint).fingerprint == fingerprint
    assert (arrow.stat().st_mtime_ns, arrow.stat().st_ino) == before
    with (task / "train.source").open("a") as source, (task / "train.target").open("a") as target:
        source.write("a b c\n")
        target.write("a b c\n")
    assert len(prepare(recipe, task / "data").train) == 61


def test_a_run_does_not_go_on_with_other_texts(task):
    recipe = tiny_recipe(task)
    fingerprint = prepare(recipe, task / "data").fingerprint
    path = task / "dev.target"
    path.write_text(path.read_text().replace("a", "b"))
    with pytest.raises(
        InputError, match=r"dev\.target: not the text that this run was started with"
    ):
        prepare(recipe, task / "data", expected=fingerprint)


def test_work_cut_short_is_done_again(task):
    recipe = tiny_recipe(task)
    prepare(recipe, task / "data")
    (task / "data" / "prepared.json").unlink()
    (task / "data" / "train.arrow").write_bytes(b"half")
    assert len(prepare(recipe, task / "data").train) == 60
    (task / "data" / "dev.arrow").unlink()  # as a message about a damaged one advises
    assert len(prepare(recipe, task / "data").dev) == 8


@pytest.mark.parametrize(("longer", "counts"), [("source", (63, 60)), ("target", (60, 63))])
def test_unequal_lengths_are_counted(task, longer, counts):
    with (task / f"train.{longer}").open("a") as file:
        file.write("a\na\na\n")
    expected = r"source has {} lines but .*target has {}".format(*counts)
    with pytest.raises(InputError, match=expected):
        prepare(tiny_recipe(task), task / "data")


def test_pairs_with_a_blank_side_are_left_out(tmp_path):
    (tmp_path / "a").write_text("one\n\nthree\n \nfive\n")
    (tmp_path / "b").write_text("eins\nzwei\n\n \nfünf\n")
    pairs = ParallelText(tmp_path / "a", tmp_path / "b")
    assert list(pairs) == [("one", "eins"), ("five", "fünf")]
    assert list(pairs) == list(pairs)


def test_two_languages_are_needed(task):
    languages = {"source_language": "pt-BR", "target_language": "pt_br"}
    recipe = tiny_recipe(task)
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update=languages)})
    message = r"data\.source_language and data\.target_language are both pt-BR; two languages"
    with pytest.raises(InputError, match=message):
        prepare(recipe, task / "data")


@pytest.mark.parametrize("part", ["train", "dev"])
def test_nothing_to_learn_from(task, part):
    for side in ("source", "target"):
        (task / f"{part}.{side}").write_text("\n\n")
    with pytest.raises(InputError, match=rf"{part}\.source.*empty: no line has text in both"):
        prepare(tiny_recipe(task), task / "data")


def test_a_missing_text_is_named(task):
    (task / "train.target").unlink()
    with pytest.raises(InputError, match=r"train\.target: cannot be read: No such file"):
        prepare(tiny_recipe(task), task / "data")


def test_pairs_too_long_for_a_batch_are_left_out_and_counted(task):
    corpus = prepare(tiny_recipe(task), task / "data").train
    longest = np.maximum(corpus.source_lengths, corpus.target_lengths) + 1
    limit = int(longest.max()) - 1
    epochs = Epochs(corpus, tokens=limit, seed=1)
    rows = np.concatenate(epochs.batches(0))
    assert sorted(rows.tolist()) == np.flatnonzero(longest <= limit).tolist()
    assert epochs.left_out == len(corpus) - len(rows) > 0
    with pytest.raises(InputError, match=r"batch_tokens 2"):
        Epochs(corpus, tokens=2, seed=1)
