"""A Telegram Bot API on this machine, with a chat page and a newsroom."""
