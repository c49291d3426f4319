"""From anything that scores the next token to finished hypotheses."""
