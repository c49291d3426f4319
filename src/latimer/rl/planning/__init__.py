"""Planning with certified bounds: value iteration, policy iteration and their kin."""
