"""The numbers behind the index: literals as keys, queries as rows of integers."""
