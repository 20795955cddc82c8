"""Dateline: a Telegram bot that reads the news and tells each chat what it asked for."""
