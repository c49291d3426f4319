"""Stack search over phrases."""
