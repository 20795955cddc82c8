"""Zones that differ in their offsets and in their changes of clocks."""

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
