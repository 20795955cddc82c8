"""Attacks of one account beside another; see `python -m benchmarks.neighbours --help`."""
