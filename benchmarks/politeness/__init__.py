"""Feeds that record how politely they are read, and a score of the reader."""
