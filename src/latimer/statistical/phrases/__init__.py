"""Phrase pairs: extraction, scores, pruning, the phrase table."""
