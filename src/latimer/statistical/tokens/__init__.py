"""Text as tokens that a statistical model counts, and back."""
