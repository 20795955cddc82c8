"""A database that fails while the bot sends; see `python -m benchmarks.failover --help`."""
