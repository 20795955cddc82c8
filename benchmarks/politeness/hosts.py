"""One host, several feeds: one request at a time, two seconds apart, and what the host asks for."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from itertools import pairwise

from benchmarks.politeness.rules import CALM, Feed, Record, Reply, Rule, Visit, feed_body, plain
from tests.sources.feeds_made import LONG, item, page, rss

APART = timedelta(seconds=2)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOST_PAUSE = HOUR  # one address speaks for its host no longer
BUSY = frozenset({429, 503})
TWO_HOURS = {"Cache_Control": "max-age=7200"}


def _several(count: int, **headers: str) -> tuple[Feed, ...]:
    return tuple(Feed(plain(**headers), path=f"/{number}.xml") for number in range(count))


def _spaced(record: Record) -> Iterator[str]:
    for before, after in pairwise(record.asked):
        if after.at - before.until < APART:
            yield f"{after.path} asked {after.at - before.until} after {before.path} ({after.at})"


def _by_way_of_hops(visit: Visit) -> Reply:
    del visit
    return Reply(302, headers={"Location": "/hop"})


def _with_short_entries(visit: Visit) -> Reply:
    """Five new entries at a time, of which the feed gives a taste only."""
    numbers = range(5 * (visit.number - 1), 5 * visit.number)
    entries = (
        item(number, link=f"{visit.base}/story?n={number}", text="A taste of it.")
        for number in numbers
    )
    return Reply(body=rss(entries), headers={"Cache-Control": "max-age=43200"})


def _story(_visit: Visit) -> Reply:
    body = page("A story", [LONG, LONG])
    return Reply(body=body, headers={"Content-Type": "text/html; charset=utf-8"})


def _busy_story(visit: Visit) -> Reply:
    if visit.number == 3:
        return Reply(429, headers={"Retry-After": "21600"})
    return _story(visit)


def _busy_once(status: int, retry_after: Callable[[Visit], str]) -> Callable[[Visit], Reply]:
    """Return a feed that is busy at its fourth request, and good before and after."""

    def answer(visit: Visit) -> Reply:
        if visit.number == 4:
            return Reply(status, headers={"Retry-After": retry_after(visit)})
        return Reply(body=feed_body(), headers={"Cache-Control": "max-age=7200"})

    return answer


def _left_alone(pause: timedelta) -> Callable[[Record], Iterator[str]]:
    """The address that asks is left alone for so long, its host for an hour at most."""

    def complaints(record: Record) -> Iterator[str]:
        for busy in (one for one in record.asked if one.status in BUSY):
            for one in record.asked:
                own = pause if one.path == busy.path else min(pause, HOST_PAUSE)
                until = busy.at + own
                if busy.until < one.at < until - timedelta(seconds=1):
                    yield f"{one.path} asked {one.at - busy.at} after {busy.path} asked for {own}"

    return complaints


def _not_held_up(record: Record) -> Iterator[str]:
    """The other feed of the host is asked every hour as before."""
    for before, after, gap in record.gaps("/other.xml"):
        if gap > 1.2 * HOUR:
            yield f"/other.xml not asked from {before.at} to {after.at}"
    for _before, after, gap in record.gaps("/slow.xml"):
        if gap < 12 * HOUR:
            yield f"/slow.xml asked after {gap} (at {after.at})"


def _date(hours: int) -> Callable[[Visit], str]:
    return lambda visit: format_datetime(visit.at + hours * HOUR, usegmt=True)


def _good(visit: Visit) -> Reply:
    del visit
    return Reply(body=feed_body(), headers=CALM)


RULES = (
    Rule(
        "one-at-a-time",
        "one request in flight per host, two seconds apart",
        _several(6, Cache_Control="max-age=43200"),
        _spaced,
        fewest=12,
    ),
    Rule(
        "hops",
        "each hop of a redirect waits for its turn",
        (
            Feed(_by_way_of_hops),
            Feed(lambda _visit: Reply(307, headers={"Location": "/end.xml"}), "/hop", listed=False),
            Feed(_good, "/end.xml", listed=False),
        ),
        _spaced,
        fewest=6,
    ),
    Rule(
        "pages",
        "the pages of entries wait for their turn",
        (
            Feed(_with_short_entries),
            Feed(_story, "/story", listed=False),
        ),
        _spaced,
        fewest=40,
    ),
    Rule(
        "retry-after-page",
        "a page that asks for time gets it, and its host an hour of it",
        (Feed(_with_short_entries), Feed(_busy_story, "/story", listed=False)),
        _left_alone(6 * HOUR),
        fewest=40,
    ),
    Rule(
        "retry-after-429",
        "a 429's Retry-After holds for its feed, and for an hour for its host",
        (Feed(_busy_once(429, lambda _visit: "21600"), "/busy.xml"), *_several(3, **TWO_HOURS)),
        _left_alone(6 * HOUR),
        fewest=16,
    ),
    Rule(
        "retry-after-date",
        "a 503's Retry-After may be a date, over a day ahead",
        (Feed(_busy_once(503, _date(30)), "/busy.xml"), *_several(2, **TWO_HOURS)),
        _left_alone(30 * HOUR),
        fewest=12,
    ),
    Rule(
        "retry-after-month",
        "Retry-After is followed for up to seven days",
        (Feed(_busy_once(503, lambda _visit: "2592000"), "/busy.xml"), *_several(1)),
        _left_alone(7 * DAY),
        fewest=6,
    ),
    Rule(
        "retry-after-feed",
        "a good answer's Retry-After holds for its feed alone",
        (Feed(plain(Retry_After="43200"), "/slow.xml"), Feed(plain(), "/other.xml")),
        _not_held_up,
        fewest=12,
    ),
)
