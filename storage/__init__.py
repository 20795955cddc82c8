"""The tables, and every SQL statement."""
