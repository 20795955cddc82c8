"""When to ask a source again.

    clamp(max(its own rhythm, ttl, max-age, Expires), 15 min, 24 h), and never before Retry-After
    (which may ask for up to 7 days); 60 min where nothing is known

A search is asked every 30 minutes at most, and every 2 hours at least: what it finds next may have
nothing to do with what it found last.

The operator's wish replaces rhythm and ttl, down to 5 min, but not what the headers ask; in the
operator's own network any interval goes. Errors back off to 24 h; an answer ends that at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.sources.formats.records import FeedPace
from bot.sources.getting.wishes import LONGEST_RETRY_AFTER, Wishes

SHORTEST = timedelta(minutes=15)
SHORTEST_WISH = timedelta(minutes=5)
LONGEST = timedelta(hours=24)
SEARCH_SHORTEST = timedelta(minutes=30)
SEARCH_LONGEST = timedelta(hours=2)
UNKNOWN = timedelta(hours=1)  # also where a hub tells of news
JITTER = 0.1

_OWN_BACK_OFF = timedelta(minutes=1)  # an own source that restarts is read again soon
_RHYTHM_OF = 10  # newest entries
_FEWEST = 3
_HOURS_IN_A_WEEK = 168


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known when the next moment is chosen.

    `rhythm`: from the last body that was read (see `rhythm_of`), ttl included. `newest`: when its
    newest entry was published. `failures`: in a row, this one included. `pushed`: a hub tells of
    news, so that asking is for what it misses only. `shortest` and `longest` bound what the source
    itself suggests.
    """

    rhythm: timedelta | None = None
    newest: datetime | None = None
    wishes: Wishes = field(default_factory=Wishes)
    pace: FeedPace = field(default_factory=FeedPace)
    every: timedelta | None = None
    own_network: bool = False
    failures: int = 0
    busy: bool = False
    pushed: bool = False
    shortest: timedelta = SHORTEST
    longest: timedelta = LONGEST


def next_fetch_at(now: datetime, known: Circumstances, jitter: float) -> datetime:
    """Return the moment; *jitter* in [-1, 1] spreads it by a tenth, never before what is asked."""
    planned = interval(now, known)
    moment = now + max(planned * (1 + JITTER * jitter), _asked_least(known))
    return moment if known.own_network else _after_skips(moment, known.pace)


def interval(now: datetime, known: Circumstances) -> timedelta:
    """Return the time to wait, without jitter and skipped hours."""
    return max(_backed_off(_normal(now, known), known), _retry_after(known))


def rhythm_of(published: Sequence[datetime], ttl: timedelta | None) -> timedelta | None:
    """Return how often a feed deserves a look: half the mean gap of its newest entries.

    None where fewer than three dates and no ttl say anything.
    """
    newest = sorted(published, reverse=True)[:_RHYTHM_OF]
    if len(newest) < _FEWEST:
        return ttl
    gap = (newest[0] - newest[-1]) / (len(newest) - 1) / 2
    return max(gap, ttl or gap)


def _normal(now: datetime, known: Circumstances) -> timedelta:
    fresh = known.wishes.freshness
    if known.every is not None:
        if known.own_network:
            return known.every
        return max(known.every, SHORTEST_WISH, min(fresh or SHORTEST_WISH, LONGEST))
    hints = [hint for hint in (known.rhythm, _silence(now, known), fresh) if hint is not None]
    normal = min(max(*hints, known.shortest), known.longest) if hints else UNKNOWN
    return max(normal, UNKNOWN) if known.pushed else normal


def _silence(now: datetime, known: Circumstances) -> timedelta | None:
    """Return a tenth of how long the feed has been silent: what sleeps is asked less and less."""
    if known.newest is None or known.newest > now:
        return None
    return (now - known.newest) / 10


def _backed_off(normal: timedelta, known: Circumstances) -> timedelta:
    if known.busy and not known.own_network:
        return max(normal, UNKNOWN)
    if known.failures == 0:
        return normal
    longest = _OWN_BACK_OFF if known.own_network else LONGEST
    longer = normal * 2.0 ** min(known.failures, 20)
    return max(normal, min(longer, longest))


def _retry_after(known: Circumstances) -> timedelta:
    return min(known.wishes.retry_after or timedelta(), LONGEST_RETRY_AFTER)


def _asked_least(known: Circumstances) -> timedelta:
    if known.own_network:
        return _retry_after(known)
    floor = SHORTEST_WISH
    if known.every is None:
        floor = max(known.shortest, min(known.pace.ttl or known.shortest, known.longest))
    fresh = min(known.wishes.freshness or floor, LONGEST)
    return max(floor, fresh, _retry_after(known))


def _after_skips(moment: datetime, pace: FeedPace) -> datetime:
    """Whole hours later, so that those who skip the same hour do not all come at its end."""
    later = moment
    for _ in range(_HOURS_IN_A_WEEK):
        if later.hour not in pace.skip_hours and later.weekday() not in pace.skip_days:
            return later
        later += timedelta(hours=1)
    return moment  # it skips the whole week: nobody means that
