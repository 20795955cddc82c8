"""Snapshots: how each layout of a sample looks. `python -m tests.snapshots` writes them anew."""
