"""What -m benchmarks.ingest stands on: a farm of feeds, the steps that read it, and the scales."""
