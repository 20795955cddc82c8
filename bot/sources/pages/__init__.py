"""Extracts the article of a web page: its title, date, and text without boxes and end matter."""
