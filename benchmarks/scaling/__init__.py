"""What benchmarks/scale.py stands on: processes of the real program, and the work for them."""
