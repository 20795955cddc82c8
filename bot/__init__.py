"""Dateline reads the news and tells each chat only what it asked for."""
