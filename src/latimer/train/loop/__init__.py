"""The training loop and what it watches: clock, budget, schedule, threads, validation, log."""
