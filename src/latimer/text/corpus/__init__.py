"""A corpus: cleaned, split, reported, written and read back."""
