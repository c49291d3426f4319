"""Weights of a log-linear model, tuned on a development set."""
