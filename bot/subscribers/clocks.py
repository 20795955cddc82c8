"""Times of the day as people type them: `07:30`, `7.30 pm`, `8`, `19時30分`; `22:00-07:00`.

Read loosely, where a time was asked for, hours alone are enough; else there is a colon.
"""

import re

from storage.words import QuietHours

_HALF = r"(?:\s*(?P<half{0}>[ap])\.?m\.?)?"
_STRICT = r"(?P<hour{0}>\d{{1,2}}):(?P<minute{0}>[0-5]\d)" + _HALF
_LOOSE = r"(?P<hour{0}>\d{{1,2}})(?:\s*[:.h時点시]\s*(?P<minute{0}>[0-5]?\d)?\s*[分분]?)?" + _HALF
_BETWEEN = r"\s*(?:[-\u2010-\u2015~〜]|to|until|till)\s*"
_NOON, _HOURS = 12, 24


def clock_pattern(*, loose: bool, name: str = "") -> str:
    return (_LOOSE if loose else _STRICT).format(name)


def minutes_in(found: re.Match[str], name: str = "") -> int | None:
    """Return minutes after midnight, of what `clock_pattern` found; None if there is no such."""
    hour, minute = int(found["hour" + name]), int(found["minute" + name] or 0)
    if half := (found["half" + name] or "").lower():
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    return hour * 60 + minute if hour < _HOURS else None


def read_clock(text: str, *, loose: bool = False) -> int | None:
    found = re.fullmatch(rf"(?:at\s+)?{clock_pattern(loose=loose)}", text, re.IGNORECASE)
    return minutes_in(found) if found else None


def read_hours(text: str, *, loose: bool = False) -> QuietHours | None:
    """Read from when to when; None where both are the same."""
    start, end = (clock_pattern(loose=loose, name=name) for name in ("_from", "_to"))
    found = re.fullmatch(f"(?:from\\s+)?{start}{_BETWEEN}{end}", text, re.IGNORECASE)
    if not found:
        return None
    begins, ends = minutes_in(found, "_from"), minutes_in(found, "_to")
    if begins is None or ends is None or begins == ends:
        return None
    return QuietHours(begins, ends)
