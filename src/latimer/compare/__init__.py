"""Translators of every kind side by side: scores, differences, and where they lie."""
