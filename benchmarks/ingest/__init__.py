"""Reading feeds, grouping and matching; see `python -m benchmarks.ingest --help`."""
