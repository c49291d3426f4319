"""Training: one loop, its exact state on disk, and one file per objective.

`latimer.train.run.run.train` is the way in.
"""
