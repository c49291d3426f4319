"""Texts that users give a search: what is refused, and what pieces the others have."""

import unicodedata

import pytest

from latimer.engines.neural.pieces import prefix_pieces
from latimer.errors import InputError
from latimer.files import MAX_LINE_BYTES
from latimer.text.checking import check_text
from latimer.text.vocabulary.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def vocabulary():
    pairs = [("a café", "un café très été"), ("b", "été")] * 9
    return Vocabulary.train(pairs, kind="char", size=60, joint=True, placeholders=True)


def test_a_prefix_is_composed_as_training_text_is(vocabulary):
    apart = unicodedata.normalize("NFD", " un  café")
    assert apart != " un  café"
    assert prefix_pieces(vocabulary, apart, 50) == vocabulary.encode_targets(["un café"])[0]
    assert prefix_pieces(vocabulary, "", 50) == []


def test_a_prefix_leaves_room_for_the_end(vocabulary):
    pieces = vocabulary.encode_targets(["été"])[0]
    assert prefix_pieces(vocabulary, "été", len(pieces) + 1) == pieces
    message = (
        f"prefix is 'été'; its {len(pieces)} pieces do not fit into max_length {len(pieces)}, which"
    )
    with pytest.raises(InputError, match=message):
        prefix_pieces(vocabulary, "été", len(pieces))


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("{count} a", "prefix is '{count} a'; it holds the placeholder '{count}'"),
        ("un <b>", "prefix is 'un <b>'; it holds the placeholder '<b>'"),
        ("un 日", "prefix is 'un 日'; it cannot be written: the model's vocabulary lacks '日'"),
        ("f\udcfcr", "prefix: not valid Unicode"),
    ],
)
def test_a_prefix_that_cannot_be_written_is_refused(vocabulary, prefix, message):
    with pytest.raises(InputError) as refused:
        prefix_pieces(vocabulary, prefix, 50)
    assert str(refused.value).startswith(message)


def test_texts_are_valid_and_of_a_megabyte_at_most():
    check_text("é" * (MAX_LINE_BYTES // 2), "text 1")
    with pytest.raises(InputError, match="text 3: longer than 1,000,000 bytes"):
        check_text("é" * (MAX_LINE_BYTES // 2) + "a", "text 3")
