"""A day of many users, calculated; see `python -m benchmarks.simulate --help`."""
