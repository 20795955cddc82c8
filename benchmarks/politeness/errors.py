"""Errors: pauses grow up to a day and end with the first success; a busy server is no error."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise

from benchmarks.politeness.rules import (
    Feed,
    FeedRequest,
    Record,
    Response,
    Rule,
    at_least,
    at_most,
    feed_body,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MAX_PAUSE = 1.15 * DAY
FAILS_UNTIL = 4 * DAY
BUSY_FROM, BUSY_UNTIL = DAY / 2, 1.5 * DAY


def _fails_for_days(response: Response) -> Callable[[FeedRequest], Response]:
    """Return a feed that succeeds twice, then fails for days, then succeeds again."""

    def respond(request: FeedRequest) -> Response:
        failing = request.number > 2 and request.since_first < FAILS_UNTIL
        return response if failing else Response(body=feed_body())

    return respond


def _busy(status: int) -> Callable[[FeedRequest], Response]:
    def respond(request: FeedRequest) -> Response:
        busy = BUSY_FROM < request.since_first < BUSY_UNTIL
        return Response(status) if busy else Response(body=feed_body())

    return respond


def _backs_off(record: Record) -> Iterator[str]:
    yield from at_most(record, MAX_PAUSE)
    recovers_at = record.requests[0].at + FAILS_UNTIL
    failing = [gap for _before, after, gap in record.gaps() if after.at < recovers_at][2:]
    for number, (before, gap) in enumerate(pairwise(failing), start=2):
        if gap < min(1.5 * before, 0.85 * DAY):
            yield f"waited {gap} after error {number}, and {before} after the one before"


def _recovers(record: Record) -> Iterator[str]:
    yield from _backs_off(record)
    recovers_at = record.requests[0].at + FAILS_UNTIL
    gaps = [gap for before, _after, gap in record.gaps() if before.at > recovers_at]
    yield from (
        f"still waits {gap} after the feed has recovered" for gap in gaps if gap > 1.2 * HOUR
    )


def _not_an_error(record: Record) -> Iterator[str]:
    yield from at_least(record, 0.9 * HOUR)
    yield from at_most(record, 1.2 * HOUR)


def _gone(record: Record) -> Iterator[str]:
    gone = [request for request in record.requests if request.status == 410]
    yield from (f"requested again at {request.at}" for request in gone[1:])


def _gone_from_the_third(request: FeedRequest) -> Response:
    return Response(410) if request.number > 2 else Response(body=feed_body())


def _always_missing(request: FeedRequest) -> Response:
    return Response(404) if request.number > 1 else Response(body=feed_body())


RULES = (
    Rule(
        "errors",
        "pauses after errors grow up to a day, and end with the first success",
        (Feed(_fails_for_days(Response(500, "out of order"))),),
        _recovers,
        min_requests=8,
    ),
    Rule(
        "no-response",
        "a closed connection is such an error",
        (Feed(_fails_for_days(Response(closes=True))),),
        _recovers,
        min_requests=8,
    ),
    Rule(
        "not-a-feed",
        "so is a document that is no feed",
        (
            Feed(
                _fails_for_days(Response(body="<html><body><h1>Down for repair</h1></body></html>"))
            ),
        ),
        _recovers,
        min_requests=8,
    ),
    Rule(
        "missing",
        "a feed that is missing for long is still requested once a day",
        (Feed(_always_missing),),
        _backs_off,
        min_requests=8,
    ),
    Rule("busy-503", "503 is no error", (Feed(_busy(503)),), _not_an_error, min_requests=40),
    Rule("busy-429", "429 is no error", (Feed(_busy(429)),), _not_an_error, min_requests=40),
    Rule("gone", "410 ends it", (Feed(_gone_from_the_third),), _gone),
)
