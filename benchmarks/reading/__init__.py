"""Reading feeds and pages; see `python -m benchmarks.reading --help`."""
