"""Feeds, sitemaps and JSON feeds: any bytes in, documents with plain texts out."""
