"""Decoders: attention before or after the recurrence, one vector, or no source at all."""
