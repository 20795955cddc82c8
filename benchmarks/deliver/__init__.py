"""Sending from the outbox; see `python -m benchmarks.deliver --help`."""
