"""Zones that differ in their offsets and in their clock changes."""

ZONES = [
    "UTC",
    "Asia/Tokyo",
    "America/New_York",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Nuuk",
    "Africa/Casablanca",
    "Asia/Kathmandu",
]
