"""A network and a phrase-based model together."""
