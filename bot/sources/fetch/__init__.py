"""Fetches safely and politely: allowed addresses, throttling, responses, the next poll."""
