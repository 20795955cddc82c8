"""A week of feeds, chats and Telegram's moods in minutes; see `python -m tests.soak --help`."""
