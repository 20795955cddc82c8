"""Newsletters by e-mail: addresses, letters and their senders."""
