"""Texts as the tokens that BLEU counts."""

from __future__ import annotations

from collections.abc import Iterable

from latimer.metrics.corpus_scores import sacrebleu_metric


def tokens_of(lines: Iterable[str], language: str = "") -> list[list[str]]:
    """The tokens of each line, by the tokeniser that BLEU has for the language."""
    tokenise = sacrebleu_metric("bleu", language).tokenizer
    return [tokenise(line.rstrip()).split() for line in lines]
