"""Searching the archive; see `python -m benchmarks.search --help`."""
