"""Feeds, sitemaps and JSON feeds: reads any bytes into documents with plain texts."""
