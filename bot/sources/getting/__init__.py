"""Fetching politely and safely: the guard, the pace, what answers mean, when to ask again."""
