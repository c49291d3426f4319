"""The model folder: what it is (`config.json`), reading and writing it."""
