"""A web of feeds that watches how politely it is read, and scores the reader.

By hand, for any reader: `python -m benchmarks.politeness`. Our own reader, in a simulated week:
`python -m benchmarks.politeness --score`.
"""
