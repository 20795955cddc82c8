"""Snapshots of each layout of the samples. `python -m tests.snapshots` writes them."""
