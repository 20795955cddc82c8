"""The pictures of the README and the docs: `python -m tests.screenshots docs/images`."""
