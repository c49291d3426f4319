"""Text: parallel corpora in, padded batches out."""
