from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.errors import InputError
from latimer.text.vocabulary.placeholders import slot
from latimer.text.vocabulary.vocabulary import Vocabulary

PAIRS = [
    ("press {key} to go on", "{key} bewegt weiter"),
    ("%(count)s files of %d", "%(count)s Dateien von %d"),
    ("the <b>best</b> of all", "<b>das Beste</b> von allen"),
    ("go to the file", "weiter zur Datei"),
] * 5


@cache
def trained(joint: bool = True, placeholders: bool = True) -> Vocabulary:
    return Vocabulary.train(
        PAIRS, kind="bpe", size=120, joint=joint, placeholders=placeholders, seed=1
    )


def test_joint_is_one_model_of_both_languages() -> None:
    vocabulary = trained()
    assert vocabulary.joint
    assert vocabulary.source is vocabulary.target
    assert vocabulary.target.decode(vocabulary.source.encode("press Datei")) == "press Datei"


def test_separate_models_know_their_own_language_only() -> None:
    vocabulary = trained(joint=False)
    assert not vocabulary.joint
    assert vocabulary.source.decode(vocabulary.source.encode("press")) == "press"
    assert "⁇" in vocabulary.target.decode(vocabulary.target.encode("press"))
    assert "⁇" in vocabulary.source.decode(vocabulary.source.encode("Datei"))


@pytest.mark.parametrize("joint", [True, False])
def test_a_placeholder_has_the_same_slot_on_both_sides(joint: bool) -> None:
    vocabulary = trained(joint)
    source, target = vocabulary.encode_pair("go to {a} of %s", "%s von {a}")
    assert [vocabulary.source.piece(id) for id in source if id in (4, 5)] == [slot(0), slot(1)]
    assert [vocabulary.target.piece(id) for id in target if id in (4, 5)] == [slot(1), slot(0)]


PLAIN = ["press", "file", "best"]
WORDS = st.sampled_from([*PLAIN, "{key}", "{new}", "%d", "%(count)s", "<b>", "<b>best</b>"])


@given(st.lists(WORDS, max_size=12), st.data())
def test_target_comes_back_with_its_placeholders(words: list[str], data: st.DataObject) -> None:
    source = " ".join(words)
    target = " ".join(data.draw(st.lists(st.sampled_from([*PLAIN, *words]), max_size=12)))
    vocabulary = trained()
    source_ids, target_ids = vocabulary.encode_pair(source, target)
    ids, table = vocabulary.encode_source(source)
    assert ids == source_ids
    assert vocabulary.decode_target(ids, table) == source
    assert vocabulary.decode_target(target_ids, table) == target


def test_a_name_never_seen_is_copied_whole() -> None:
    vocabulary = trained()
    _, target = vocabulary.encode_pair("press {Ünseen_ñame}", "{Ünseen_ñame} bewegt")
    _, table = vocabulary.encode_source("press {Ünseen_ñame}")
    assert vocabulary.decode_target(target, table) == "{Ünseen_ñame} bewegt"


def test_without_placeholders_text_stays_as_it_is() -> None:
    vocabulary = trained(placeholders=False)
    ids, table = vocabulary.encode_source("press {key}")
    assert table == []
    assert vocabulary.source.decode(ids) == "press {key}"
    assert vocabulary.decode_target(vocabulary.target.encode("{key}"), []) == "{key}"


def test_many_pairs_encode_as_one_by_one() -> None:
    vocabulary = trained(joint=False)
    assert vocabulary.encode_pairs(PAIRS) == [vocabulary.encode_pair(*pair) for pair in PAIRS]


@pytest.mark.parametrize("joint", [True, False])
@pytest.mark.parametrize("placeholders", [True, False])
def test_loading_undoes_saving(joint: bool, placeholders: bool, tmp_path: Path) -> None:
    vocabulary = trained(joint, placeholders)
    vocabulary.save(tmp_path)
    names = {"subwords.model"} if joint else {"subwords.source.model", "subwords.target.model"}
    assert {file.name for file in tmp_path.iterdir()} == names
    loaded = Vocabulary.load(tmp_path)
    assert loaded == vocabulary
    assert (loaded.joint, loaded.placeholders) == (joint, placeholders)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"subwords\.model: cannot be read"):
        Vocabulary.load(tmp_path)
    trained(joint=False).save(tmp_path)
    (tmp_path / "subwords.target.model").unlink()
    with pytest.raises(InputError, match=r"subwords\.target\.model: cannot be read"):
        Vocabulary.load(tmp_path)


def test_pairs_that_can_be_read_only_once_are_refused() -> None:
    with pytest.raises(TypeError, match="only once"):
        Vocabulary.train(iter(PAIRS), kind="bpe", size=120, joint=False, placeholders=True)
