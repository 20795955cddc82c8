"""A week of feeds, chats and Telegram outages in minutes: `python -m benchmarks.soak --help`."""
