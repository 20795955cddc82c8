"""What benchmarks/deliver.py stands on: a server that says yes, outboxes to send, the scales."""
