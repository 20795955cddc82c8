"""Feeds, sitemaps and texts of any bytes into records; their dates, charsets and languages."""
