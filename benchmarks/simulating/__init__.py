"""What benchmarks/simulate.py stands on: shapes of a day, measured costs, queues, tables."""
