"""What is learnt: an objective a file, and what several of them use."""
