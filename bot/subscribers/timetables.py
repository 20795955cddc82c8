"""When digests are to come, as people type it: `8 and 18:30`, `Mondays 9:00`, `7:30 on weekdays`.

1. Commas and `and` part it into pieces, of days, of a time, or both in either order.
2. Days without a time belong to the next time; with none to follow, to the last.
3. A time without days has those of the time before it; the first has every day.
"""

import re
from collections.abc import Iterator

from bot.subscribers.clocks import clock_pattern, minutes_in
from bot.subscribers.digest_schedule import DigestTime
from bot.subscribers.weekdays import WEEKDAY, weekday_of
from storage.enums import EVERY_DAY

_WEEKDAYS, _WEEKEND = 0b0011111, 0b1100000
_GROUPS = {
    "daily": EVERY_DAY,
    "every day": EVERY_DAY,
    "weekdays": _WEEKDAYS,
    "weekday": _WEEKDAYS,
    "weekends": _WEEKEND,
    "weekend": _WEEKEND,
}
_TO = r"\s*(?:[-\u2010-\u2015]|to)\s*"
_DAYS = re.compile(
    rf"(?:every\s+|on\s+|at\s+)*(?:(?P<group>{'|'.join(_GROUPS)})"
    rf"|(?P<first>{WEEKDAY})(?:{_TO}(?P<last>{WEEKDAY}))?)\b",
    re.IGNORECASE,
)
_PART = re.compile(r"\s*(?:[,;&+、]|\band\b)\s*", re.IGNORECASE)


def read_times(text: str, *, loose: bool = False) -> tuple[DigestTime, ...] | None:
    """Return the times that *text* names and nothing else; None for any other text."""
    pieces = [_read_piece(piece, loose=loose) for piece in _PART.split(text) if piece]
    if None in pieces:
        return None
    return tuple(_joined([piece for piece in pieces if piece])) or None


def _joined(pieces: list[tuple[int, int | None]]) -> Iterator[DigestTime]:
    """Give each time of the *pieces* (days as bits, 0 for none; minutes) its days."""
    times: list[tuple[int, int]] = []
    waiting, current = 0, EVERY_DAY
    for days, minutes in pieces:
        waiting |= days
        if minutes is not None:
            current, waiting = waiting or current, 0
            times.append((minutes, current))
    for place, (minutes, days) in enumerate(times, 1):
        yield DigestTime(minutes, days | waiting if place == len(times) else days)


def _read_piece(piece: str, *, loose: bool) -> tuple[int, int | None] | None:
    days, rest = _take_days(piece)
    if not rest:
        return (days, None) if days else None
    found = re.fullmatch(rf"(?:at\s+)?{clock_pattern(loose=loose)}", rest, re.IGNORECASE)
    minutes = minutes_in(found) if found else None
    return None if minutes is None else (days, minutes)


def _take_days(piece: str) -> tuple[int, str]:
    """Return the days that *piece* begins or ends with, as bits, and the rest of it."""
    for found in _DAYS.finditer(piece):
        if found.start() == 0 or found.end() == len(piece):
            return _bits(found), (piece[: found.start()] + piece[found.end() :]).strip()
    return 0, piece


def _bits(found: re.Match[str]) -> int:
    if found["group"]:
        return _GROUPS[" ".join(found["group"].lower().split())]
    first = weekday_of(found["first"])
    span = (weekday_of(found["last"]) - first) % 7 if found["last"] else 0
    return sum(1 << (first + step) % 7 for step in range(span + 1))
