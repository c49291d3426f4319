"""Vocabularies: subwords, words and placeholders."""
