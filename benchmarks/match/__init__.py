"""Matching articles with stored queries; see `python -m benchmarks.match --help`."""
