"""A database that goes away while the bot works; see `python -m benchmarks.failover --help`."""
