"""Training of phrase-based models: from a recipe and a folder to a model."""
