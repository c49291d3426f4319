"""Pictures: learning curves, attention."""
