"""When a feed is read again: by its headers, its elements and its rate, within bounds."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime

from benchmarks.politeness.rules import (
    Feed,
    FeedRequest,
    Record,
    Response,
    Rule,
    at_least,
    at_most,
    constant,
)
from tests.sources.feeds_made import item, rss

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TOLERANCE = 1.15  # a tenth of jitter, and a minute or two in the queue
NIGHT = range(8)
WEEKEND = (5, 6)
SYNDICATION = (
    "<sy:updatePeriod xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>daily"
    "</sy:updatePeriod><sy:updateFrequency xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>"
    "4</sy:updateFrequency>"
)


def _never_before(least: timedelta) -> Callable[[Record], Iterable[str]]:
    return lambda record: at_least(record, least)


def _between(least: timedelta, most: timedelta) -> Callable[[Record], Iterable[str]]:
    return lambda record: (*at_least(record, least), *at_most(record, most))


def _expires(hours: int, **headers: str) -> Callable[[FeedRequest], Response]:
    def respond(request: FeedRequest) -> Response:
        until = format_datetime(request.at + hours * HOUR, usegmt=True)
        return constant(**headers, Expires=until)(request)

    return respond


def _headers_on_304(request: FeedRequest) -> Response:
    if request.number == 1:
        return constant(ETag='"one"')(request)
    return Response(304, headers={"ETag": '"one"', "Cache-Control": "max-age=14400"})


def _after_304(record: Record) -> Iterator[str]:
    for before, _after, gap in record.gaps():
        if before.status == 304 and gap < 4 * HOUR:
            yield f"requested again after {gap} (at {before.at})"


def _published_every(gap: timedelta, newest_before: timedelta) -> Callable[[FeedRequest], Response]:
    """Return a feed with an entry every *gap*, the newest *newest_before* the first request."""

    def respond(request: FeedRequest) -> Response:
        started = request.at - request.since_first - newest_before
        newest = 0 if newest_before else request.since_first // gap
        numbers = range(newest, newest - 10, -1)
        return Response(body=rss(item(1000 + number, started + number * gap) for number in numbers))

    return respond


def _for_a_day(respond: Callable[[FeedRequest], Response]) -> Callable[[FeedRequest], Response]:
    return lambda request: respond(request) if request.since_first < DAY else Response(410)


def _at_five_minutes(record: Record) -> Iterator[str]:
    yield from at_least(record, 5 * MINUTE)
    tomorrow = record.requests[0].at + DAY
    first_day = [request for request in record.requests if request.at < tomorrow]
    if record.ended > tomorrow and len(first_day) < 200:
        yield "requested less often than the owner has set, though the headers allow it"


def _skipped(record: Record, is_skipped: Callable[[datetime], bool]) -> Iterator[str]:
    for request in record.requests[1:]:  # the first, to add it, may come at any time
        if is_skipped(request.at):
            yield f"requested at {request.at:%A %H:%M}"


def _jittered(record: Record) -> Iterator[str]:
    gaps = [gap for _before, _after, gap in record.gaps()]
    if len({gap // MINUTE for gap in gaps}) < 3:
        yield "requested at equal intervals"
    yield from at_least(record, 54 * MINUTE)
    yield from at_most(record, TOLERANCE * HOUR)


RULES = (
    Rule(
        "unknown",
        "an hour, with a tenth of jitter, if nothing else applies",
        (Feed(constant()),),
        _jittered,
        min_requests=12,
    ),
    Rule(
        "ttl", "ttl", (Feed(constant("<ttl>240</ttl>")),), _between(4 * HOUR, 4 * HOUR * TOLERANCE)
    ),
    Rule(
        "update-period",
        "the syndication module's period",
        (Feed(constant(SYNDICATION)),),
        _between(6 * HOUR, 6 * HOUR * TOLERANCE),
    ),
    Rule(
        "max-age",
        "max-age",
        (Feed(constant(Cache_Control="max-age=10800")),),
        _never_before(3 * HOUR),
    ),
    Rule("expires", "Expires", (Feed(_expires(5)),), _never_before(5 * HOUR)),
    Rule(
        "longest",
        "the longest of several intervals",
        (Feed(_expires(6, Cache_Control="max-age=7200", extra="<ttl>60</ttl>")),),
        _never_before(6 * HOUR),
    ),
    Rule("headers-of-304", "headers of a 304 count", (Feed(_headers_on_304),), _after_304),
    Rule(
        "year",
        "max-age of a year: still once a day",
        (Feed(constant(Cache_Control="public, max-age=31536000")),),
        _between(DAY, DAY * TOLERANCE),
    ),
    Rule(
        "minimum",
        "never more often than every fifteen minutes",
        (Feed(_for_a_day(constant("<ttl>1</ttl>", Cache_Control="max-age=0"))),),
        _never_before(15 * MINUTE),
    ),
    Rule(
        "skip-hours",
        "skipHours",
        (
            Feed(
                constant(
                    f"<skipHours>{''.join(f'<hour>{hour}</hour>' for hour in NIGHT)}</skipHours>"
                    "<ttl>120</ttl>"
                )
            ),
        ),
        lambda record: _skipped(record, lambda at: at.hour in NIGHT),
        min_requests=20,
    ),
    Rule(
        "skip-days",
        "skipDays",
        (
            Feed(
                constant("<skipDays><day>Saturday</day><day>Sunday</day></skipDays><ttl>240</ttl>")
            ),
        ),
        lambda record: _skipped(record, lambda at: at.weekday() in WEEKEND),
        min_requests=20,
    ),
    Rule(
        "frequent",
        "a feed with news every few minutes: every fifteen minutes",
        (Feed(_for_a_day(_published_every(4 * MINUTE, timedelta()))),),
        lambda record: (
            *at_least(record, 15 * MINUTE),
            *(
                ()
                if len(record.requests) > 60 or record.ended < record.requests[0].at + DAY
                else ("requested too rarely",)
            ),
        ),
        min_requests=12,
    ),
    Rule(
        "quiet",
        "a feed without news for long: once a day",
        (Feed(_published_every(9 * DAY, 30 * DAY)),),
        _between(20 * HOUR, DAY * TOLERANCE),
    ),
    Rule(
        "owner",
        "five minutes if the reader's owner sets it and the headers allow it",
        (Feed(_for_a_day(constant(Cache_Control="max-age=300")), every_minutes=5),),
        _at_five_minutes,
        min_requests=12,
    ),
    Rule(
        "owner-and-headers",
        "the headers outweigh the owner's interval",
        (Feed(constant(Cache_Control="max-age=14400"), every_minutes=5),),
        _never_before(4 * HOUR),
    ),
    Rule(
        "retry-after-200",
        "Retry-After of a success counts too",
        (Feed(constant(Retry_After="30000")),),
        _never_before(timedelta(seconds=30_000)),
    ),
)
