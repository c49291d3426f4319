"""Benchmarks of speed and quality: `python -m benchmarks list`, `python -m benchmarks run NAME`."""
