"""Times of the day as people type them: `07:30`, `7.30 pm`, `8`, `19h30`, `午後7時`; `22:00-07:00`.

Read loosely, where a time was asked for, hours alone are enough; else something says that
it is a time.
"""

import re

from storage.enums import QuietHours

_HALF = r"(?:\s*(?P<half{0}>[ap])\.?m\.?)?"
_STRICT = r"(?P<hour{0}>\d{{1,2}}):(?P<minute{0}>[0-5]\d)" + _HALF
_LOOSE = r"(?P<hour{0}>\d{{1,2}})(?:\s*[:.h時点시]\s*(?P<minute{0}>[0-5]?\d)?\s*[分분]?)?" + _HALF
_BETWEEN = r"\s*(?:[-\u2010-\u2015~〜]|to|until|till)\s*"
_NOON, _HOURS = 12, 24
_EAST_ASIAN = (
    r"(?P<half>[上下]午|午[前後]|오[전후])?\s*(?P<hour>\d{1,2})\s*[時时点點시]"
    r"\s*(?:(?P<minute>[0-5]?\d)\s*[分분]?|[半반])?"
)
# What else can be nothing but a time.
_ALSO = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<hour>\d{1,2})\s*h\s*(?P<minute>[0-5]\d)(?P<half>)",
        r"(?:at\s+)?(?P<hour>\d{1,2})(?:\.(?P<minute>[0-5]\d))?\s*(?P<half>[ap])\.?m\.?",
        r"at\s+(?P<hour>\d{1,2})(?P<minute>)(?P<half>)",
        _EAST_ASIAN,
    )
)
_AFTERNOON = frozenset({"p", "下午", "午後", "오후"})
_HALF_PAST = ("半", "반")


def clock_pattern(*, loose: bool, name: str = "") -> str:
    return (_LOOSE if loose else _STRICT).format(name)


def minutes_in(found: re.Match[str], name: str = "") -> int | None:
    """Return minutes after midnight, of what `clock_pattern` found; None if there is no such."""
    hour, minute = int(found["hour" + name]), int(found["minute" + name] or 0)
    minute = 30 if found[0].endswith(_HALF_PAST) else minute
    if half := (found["half" + name] or "").lower():
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if half in _AFTERNOON else 0)
    return hour * 60 + minute if hour < _HOURS else None


def read_clock(text: str, *, loose: bool = False) -> int | None:
    found = re.fullmatch(rf"(?:at\s+)?{clock_pattern(loose=loose)}", text, re.IGNORECASE)
    also = (pattern.fullmatch(text) for pattern in _ALSO)
    found = found or next(filter(None, also), None)
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
