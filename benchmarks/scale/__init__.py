"""More processes on one database; see `python -m benchmarks.scale --help`."""
