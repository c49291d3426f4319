"""Benchmarks of speed and quality; run each as `python -m benchmarks.NAME` (see README.md)."""
