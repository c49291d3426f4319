import pytest
import sacrebleu

from latimer.errors import InputError
from latimer.metrics.corpus_scores import corpus_scores

HYPOTHESES = ["A dog runs over the grass.", "Two men sit in a boat.", "the cat, sleeping"]
REFERENCES = ["The dog runs across the grass.", "Two men are in a boat.", "The cat sleeps."]


def test_agrees_with_sacrebleu():
    scores = corpus_scores(HYPOTHESES, REFERENCES, ("bleu", "chrf", "ter"))
    assert scores["bleu"].value == sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES]).score
    assert scores["chrf"].value == sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES]).score
    assert scores["ter"].value == sacrebleu.corpus_ter(HYPOTHESES, [REFERENCES]).score
    assert "case:mixed" in scores["bleu"].signature
    assert "tok:13a" in scores["bleu"].signature


def test_translation_edit_rate_by_hand():
    # One substitution in four words.
    assert corpus_scores(["a b c d"], ["a b x d"], ("ter",))["ter"].value == pytest.approx(25.0)


def test_ter_is_computed_only_on_request():
    assert list(corpus_scores(HYPOTHESES, REFERENCES)) == ["bleu", "chrf"]


@pytest.mark.parametrize(
    ("language", "tokeniser"),
    [("ja", "char"), ("zh", "zh"), ("zh-Hans", "zh"), ("zh_CN", "zh"), ("de", "13a"), ("", "13a")],
)
def test_the_tokeniser_follows_the_language(language, tokeniser):
    text = ["彼は今日学校に行きました。"]
    score = corpus_scores(text, text, ("bleu",), language=language)["bleu"]
    assert f"tok:{tokeniser}|" in score.signature


def test_japanese_is_scored_by_characters():
    score = corpus_scores(["彼は今日学校へ行く"], ["彼は今日学校に行く"], ("bleu",), language="ja")
    assert 0 < score["bleu"].value < 100


def test_files_of_unequal_length_are_refused():
    with pytest.raises(InputError, match="1 translations but 2 references"):
        corpus_scores(["a"], ["a", "b"])


def test_an_empty_corpus_is_refused():
    with pytest.raises(InputError, match="nothing to score"):
        corpus_scores([], [])


def test_an_unknown_metric_lists_the_valid_ones():
    with pytest.raises(InputError, match="'rouge'; valid choices: bleu, chrf, ter"):
        corpus_scores(["a"], ["a"], ("rouge",))
