"""Phrase-based statistical translation as an engine."""
