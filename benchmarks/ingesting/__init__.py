"""What benchmarks/ingest.py stands on: a farm of feeds, the steps that read it, and the scales."""
