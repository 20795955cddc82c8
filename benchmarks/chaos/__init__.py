"""kill -9 at random moments, again and again; see `python -m benchmarks.chaos --help`."""
