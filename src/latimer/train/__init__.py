"""The training loop, its state on disk, and one file per objective."""
