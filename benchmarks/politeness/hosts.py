"""Several feeds of a host: one request at a time, two seconds apart, and its `Retry-After`."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from itertools import pairwise

from benchmarks.politeness.rules import (
    SIX_HOURS,
    Feed,
    FeedRequest,
    Record,
    Response,
    Rule,
    constant,
    feed_body,
)
from tests.sources.feeds_made import LONG, item, page, rss

MIN_GAP = timedelta(seconds=2)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOST_PAUSE = HOUR  # for which the Retry-After of one URL applies to its host
BUSY = frozenset({429, 503})
TWO_HOURS = {"Cache_Control": "max-age=7200"}


def _several(count: int, **headers: str) -> tuple[Feed, ...]:
    return tuple(Feed(constant(**headers), path=f"/{number}.xml") for number in range(count))


def _spaced(record: Record) -> Iterator[str]:
    for before, after in pairwise(record.requests):
        if (gap := after.at - before.until) < MIN_GAP:
            yield f"{after.path} requested {gap} after {before.path} ({after.at})"


def _redirect(request: FeedRequest) -> Response:
    del request
    return Response(302, headers={"Location": "/hop"})


def _with_short_entries(request: FeedRequest) -> Response:
    """Return five new entries, each with the first sentence only."""
    numbers = range(5 * (request.number - 1), 5 * request.number)
    entries = (
        item(number, link=f"{request.site}/story?n={number}", text="Its first sentence.")
        for number in numbers
    )
    return Response(body=rss(entries), headers={"Cache-Control": "max-age=43200"})


def _story(_request: FeedRequest) -> Response:
    body = page("A story", [LONG, LONG])
    return Response(body=body, headers={"Content-Type": "text/html; charset=utf-8"})


def _busy_story(request: FeedRequest) -> Response:
    if request.number == 3:
        return Response(429, headers={"Retry-After": "21600"})
    return _story(request)


def _busy_once(
    status: int, retry_after: Callable[[FeedRequest], str]
) -> Callable[[FeedRequest], Response]:
    """Return a feed that is busy at its fourth request."""

    def respond(request: FeedRequest) -> Response:
        if request.number == 4:
            return Response(status, headers={"Retry-After": retry_after(request)})
        return Response(body=feed_body(), headers={"Cache-Control": "max-age=7200"})

    return respond


def _pauses(pause: timedelta) -> Callable[[Record], Iterator[str]]:
    """Require no request for the busy URL for *pause*, nor for its host for an hour of it."""

    def check(record: Record) -> Iterator[str]:
        for busy in (request for request in record.requests if request.status in BUSY):
            for request in record.requests:
                own = pause if request.path == busy.path else min(pause, HOST_PAUSE)
                until = busy.at + own
                if busy.until < request.at < until - timedelta(seconds=1):
                    yield f"{request.path} requested after {request.at - busy.at}, not {own}"

    return check


def _pauses_one_feed(record: Record) -> Iterator[str]:
    """Require hourly requests for the other feed of the host."""
    for before, after, gap in record.gaps("/other.xml"):
        if gap > 1.2 * HOUR:
            yield f"/other.xml not requested from {before.at} to {after.at}"
    for _before, after, gap in record.gaps("/slow.xml"):
        if gap < 12 * HOUR:
            yield f"/slow.xml requested after {gap} (at {after.at})"


def _http_date(hours: int) -> Callable[[FeedRequest], str]:
    return lambda request: format_datetime(request.at + hours * HOUR, usegmt=True)


def _succeed(request: FeedRequest) -> Response:
    del request
    return Response(body=feed_body(), headers=SIX_HOURS)


RULES = (
    Rule(
        "one-at-a-time",
        "one request in flight per host, two seconds apart",
        _several(6, Cache_Control="max-age=43200"),
        _spaced,
        min_requests=12,
    ),
    Rule(
        "redirects",
        "each URL of a redirect waits for its turn",
        (
            Feed(_redirect),
            Feed(
                lambda _request: Response(307, headers={"Location": "/end.xml"}),
                "/hop",
                is_listed=False,
            ),
            Feed(_succeed, "/end.xml", is_listed=False),
        ),
        _spaced,
        min_requests=6,
    ),
    Rule(
        "pages",
        "the pages of entries wait for their turn",
        (
            Feed(_with_short_entries),
            Feed(_story, "/story", is_listed=False),
        ),
        _spaced,
        min_requests=40,
    ),
    Rule(
        "retry-after-page",
        "a page's Retry-After holds for it, and for an hour for its host",
        (Feed(_with_short_entries), Feed(_busy_story, "/story", is_listed=False)),
        _pauses(6 * HOUR),
        min_requests=40,
    ),
    Rule(
        "retry-after-429",
        "a 429's Retry-After holds for its feed, and for an hour for its host",
        (Feed(_busy_once(429, lambda _request: "21600"), "/busy.xml"), *_several(3, **TWO_HOURS)),
        _pauses(6 * HOUR),
        min_requests=16,
    ),
    Rule(
        "retry-after-date",
        "a 503's Retry-After may be a date, over a day ahead",
        (Feed(_busy_once(503, _http_date(30)), "/busy.xml"), *_several(2, **TWO_HOURS)),
        _pauses(30 * HOUR),
        min_requests=12,
    ),
    Rule(
        "retry-after-month",
        "Retry-After is followed for up to seven days",
        (Feed(_busy_once(503, lambda _request: "2592000"), "/busy.xml"), *_several(1)),
        _pauses(7 * DAY),
        min_requests=6,
    ),
    Rule(
        "retry-after-feed",
        "the Retry-After of a success holds for its feed alone",
        (Feed(constant(Retry_After="43200"), "/slow.xml"), Feed(constant(), "/other.xml")),
        _pauses_one_feed,
        min_requests=12,
    ),
)
