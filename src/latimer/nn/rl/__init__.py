"""Networks for learning from reward: the output layer as a policy, and the critic."""
