"""A run: from a recipe and a folder to a trained model."""
