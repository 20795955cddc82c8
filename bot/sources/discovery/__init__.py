"""Finds and adds sources: by address, by site, from a list, by a search."""
