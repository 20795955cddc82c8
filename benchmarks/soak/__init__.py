"""A week of feeds, chats and outages in minutes; see `python -m benchmarks.soak --help`."""
