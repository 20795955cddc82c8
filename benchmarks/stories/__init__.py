"""Grouping articles into stories; see `python -m benchmarks.stories --help`."""
