"""Fetching safely and politely: allowed addresses, throttling, responses, when to poll next."""
