"""Matching: the query language, the index of stored queries, and search in the archive."""
