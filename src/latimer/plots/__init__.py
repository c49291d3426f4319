"""Pictures: learning curves, attention. Needs matplotlib (`pip install 'latimer[plots]'`)."""
