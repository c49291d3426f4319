"""Translators behind one protocol."""
