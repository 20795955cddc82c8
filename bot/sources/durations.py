"""Spans of time as an operator types and reads them: 5s, 15m, 2h, 1d."""

import re
from datetime import timedelta

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SPAN = re.compile(r"\s*(\d{1,6})\s*([smhd])\s*", re.IGNORECASE | re.ASCII)


def parse_span(text: str) -> timedelta:
    """Return what *text* says; raise ValueError with a sentence if it says nothing clear."""
    found = _SPAN.fullmatch(text)
    if not found or not int(found[1]):
        raise ValueError(f"{text!r} is no span of time; write 5s, 15m, 2h or 1d.")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2].lower()])


def span(time: timedelta) -> str:
    """Return *time* in its largest unit, rounded: `90 s`, `15 min`, `2 h`, `3 d`."""
    seconds = max(round(time.total_seconds()), 0)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{round(seconds / size)} {unit}"
    return f"{seconds} s"
