"""The exact state of a run on disk, and models made of several checkpoints."""
