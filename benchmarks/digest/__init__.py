"""Composing digests that are due; see `python -m benchmarks.digest --help`."""
