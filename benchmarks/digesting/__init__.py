"""What benchmarks/digest.py stands on: readers whose digests are due, and the news for them."""
