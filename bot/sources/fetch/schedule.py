"""Decides when to poll a source next, and says why.

    clamp(max(its own rhythm, ttl, max-age, Expires, silence / 10), 15 min, 24 h), and never before
    Retry-After (of 7 days at most); 60 min if nothing is known

A search feed is polled every 30 minutes to 2 hours, because its next results may have nothing to do
with the last ones.

A Telegram channel is polled every 5 minutes to 1 hour, because busy channels post often and a page
shows only 20 posts. With more than 100 channels the least interval is three seconds for each.

The operator's interval replaces rhythm and ttl, down to 5 min, but not the headers' directives. In
the operator's own network any interval is allowed. Errors back off to 24 h; a success ends that.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.sources.feeds.model import FeedPace
from bot.sources.fetch.response import Directives
from bot.sources.limits import MAX_RETRY_AFTER

MIN_INTERVAL = timedelta(minutes=15)
MIN_OPERATOR_INTERVAL = timedelta(minutes=5)
MAX_INTERVAL = timedelta(hours=24)
MIN_SEARCH_INTERVAL = timedelta(minutes=30)
MAX_SEARCH_INTERVAL = timedelta(hours=2)
MIN_CHANNEL_INTERVAL = timedelta(minutes=5)
MAX_CHANNEL_INTERVAL = timedelta(hours=1)
# All channels are on one host, which gets a request every two seconds. A read takes its turn of two
# seconds and its own time, about half a second; the rest is left for gaps and for new channels.
SECONDS_OF_CHANNEL = timedelta(seconds=3)
DEFAULT_INTERVAL = timedelta(hours=1)  # also while a hub pushes
JITTER = 0.1

_MAX_OWN_BACK_OFF = timedelta(minutes=1)  # an own source that restarts is polled again soon
_RHYTHM_OF = 10  # newest entries
_MIN_DATES = 3
_HOURS_IN_A_WEEK = 168


@dataclass(frozen=True, slots=True)
class ScheduleInputs:
    """The facts that decide when a source is polled next.

    `rhythm`: from the last body that was read (see `rhythm_of`), ttl included. `newest`: when its
    newest entry was published. `every`: the interval that the operator set. `failures`: in a row,
    this one included. `pushed`: a hub pushes news, so that polls only find what it misses.
    `shortest` and `longest` bound what the source itself suggests.
    """

    rhythm: timedelta | None = None
    newest: datetime | None = None
    directives: Directives = field(default_factory=Directives)
    pace: FeedPace = field(default_factory=FeedPace)
    every: timedelta | None = None
    own_network: bool = False
    failures: int = 0
    busy: bool = False
    pushed: bool = False
    shortest: timedelta = MIN_INTERVAL
    longest: timedelta = MAX_INTERVAL


def next_fetch_at(now: datetime, inputs: ScheduleInputs, jitter: float) -> datetime:
    """Return when to poll; *jitter* in [-1, 1] spreads it by a tenth, never too early."""
    planned, _why = interval(now, inputs)
    timestamp = now + max(planned * (1 + JITTER * jitter), _least(inputs))
    return timestamp if inputs.own_network else _after_skips(timestamp, inputs.pace)


def interval(now: datetime, inputs: ScheduleInputs) -> tuple[timedelta, str]:
    """Return the time to wait, without jitter and skipped hours, and the reason for it.

    The reason fits after "every 15 min:".
    """
    planned, why = _backed_off(inputs, *_normal(now, inputs))
    retry_after = _retry_after(inputs)
    return (planned, why) if retry_after <= planned else (retry_after, "its Retry-After asks so")


def rhythm_of(published: Sequence[datetime], ttl: timedelta | None) -> timedelta | None:
    """Return half the mean gap between a feed's newest entries, or its ttl if that is longer.

    None if there are fewer than three dates and no ttl.
    """
    newest = sorted(published, reverse=True)[:_RHYTHM_OF]
    if len(newest) < _MIN_DATES:
        return ttl
    gap = (newest[0] - newest[-1]) / (len(newest) - 1) / 2
    return max(gap, ttl or gap)


def _normal(now: datetime, inputs: ScheduleInputs) -> tuple[timedelta, str]:
    """Return the interval of a source without errors."""
    if inputs.every is not None:
        return _as_set(inputs, inputs.every)
    planned, why = _suggested(now, inputs)
    if inputs.pushed and planned < DEFAULT_INTERVAL:
        return DEFAULT_INTERVAL, "a hub pushes its news"
    return planned, why


def _as_set(inputs: ScheduleInputs, every: timedelta) -> tuple[timedelta, str]:
    planned = every
    if not inputs.own_network:
        fresh = min(inputs.directives.freshness or MIN_OPERATOR_INTERVAL, MAX_INTERVAL)
        planned = max(every, MIN_OPERATOR_INTERVAL, fresh)
    if planned == every:
        return planned, "as you set it"
    limit = "this is the least" if planned == MIN_OPERATOR_INTERVAL else "its headers ask for more"
    return planned, f"you set {format_duration(every)}, but {limit}"


def _suggested(now: datetime, inputs: ScheduleInputs) -> tuple[timedelta, str]:
    """Return the longest interval that the source suggests, within bounds."""
    rhythm, fresh = inputs.rhythm, inputs.directives.freshness
    silence = None  # a tenth of the silence: a silent source is polled less and less
    if inputs.newest is not None and inputs.newest <= now:
        silence = (now - inputs.newest) / 10
    hints = [hint for hint in (rhythm, fresh, silence) if hint is not None]
    if not hints:
        return DEFAULT_INTERVAL, "nothing says how often it changes"
    longest = max(hints)
    if longest < inputs.shortest:
        return inputs.shortest, "it changes more often, and this is the least"
    if longest > inputs.longest:
        return inputs.longest, "it changes less often, and this is the most"
    if longest == rhythm:
        is_ttl = inputs.pace.ttl == rhythm and bool(rhythm)
        return longest, "its ttl asks so" if is_ttl else "twice as often as it publishes"
    if longest == fresh:
        is_max_age = inputs.directives.max_age == fresh
        return longest, f"its headers ask so ({'max-age' if is_max_age else 'Expires'})"
    return longest, f"its newest entry is {format_duration(longest * 10)} old"


def _backed_off(inputs: ScheduleInputs, normal: timedelta, why: str) -> tuple[timedelta, str]:
    if inputs.busy and not inputs.own_network:
        return max(normal, DEFAULT_INTERVAL), "it is busy"
    if inputs.failures == 0:
        return normal, why
    longest = _MAX_OWN_BACK_OFF if inputs.own_network else MAX_INTERVAL
    longer = max(normal, min(normal * 2.0 ** min(inputs.failures, 20), longest))
    times = "once" if inputs.failures == 1 else f"{inputs.failures} times in a row"
    return longer, f"it failed {times}, and each time the pause grows"


def _retry_after(inputs: ScheduleInputs) -> timedelta:
    return min(inputs.directives.retry_after or timedelta(), MAX_RETRY_AFTER)


def _least(inputs: ScheduleInputs) -> timedelta:
    """Return the shortest interval that the source asks for, which jitter must not shorten."""
    if inputs.own_network:
        return _retry_after(inputs)
    floor = MIN_OPERATOR_INTERVAL
    if inputs.every is None:
        floor = max(inputs.shortest, min(inputs.pace.ttl or inputs.shortest, inputs.longest))
    fresh = min(inputs.directives.freshness or floor, MAX_INTERVAL)
    return max(floor, fresh, _retry_after(inputs))


def _after_skips(timestamp: datetime, pace: FeedPace) -> datetime:
    """Delay *timestamp* past the skipped hours and days.

    The delay is in whole hours, so that sources that skip the same hour are not all due at its end.
    """
    if not pace.skip_hours and not pace.skip_days:
        return timestamp
    later = timestamp
    for _ in range(_HOURS_IN_A_WEEK):
        if later.hour not in pace.skip_hours and later.weekday() not in pace.skip_days:
            return later
        later += timedelta(hours=1)
    return timestamp  # a skipped week is a mistake


# Durations as the operator types and reads them: 5s, 15m, 2h, 1d.

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"\s*(\d{1,6})\s*([smhd])\s*", re.IGNORECASE | re.ASCII)


def parse_duration(text: str) -> timedelta:
    """Return the duration in *text*; raise ValueError with a sentence if it is none."""
    found = _DURATION.fullmatch(text)
    if not found or not int(found[1]):
        raise ValueError(f"{text!r} is no duration; write 5s, 15m, 2h or 1d.")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2].lower()])


def format_duration(time: timedelta) -> str:
    """Return *time* in its largest unit, rounded: `90 s`, `15 min`, `2 h`, `3 d`."""
    seconds = max(round(time.total_seconds()), 0)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{round(seconds / size)} {unit}"
    return f"{seconds} s"
