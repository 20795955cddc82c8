"""The whole bot under faults, such as `kill -9`; see `python -m benchmarks.chaos --help`."""
