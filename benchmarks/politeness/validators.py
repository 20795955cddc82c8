"""Validators: sent back unchanged, the newest, and only those of a feed that could be read."""

from collections.abc import Callable, Iterable, Iterator

from benchmarks.politeness.rules import (
    SIX_HOURS,
    Feed,
    FeedRequest,
    Record,
    Response,
    Rule,
    feed_body,
)

Expected = Callable[[int], str | None]

ODD_ETAG = "W/\"odd 'one'--gzip\";v=2"
ODD_DATE = "the day before yesterday, 12:00 +0130"
ERRORS = range(3, 6)  # numbers of requests


def _sends(header: str, expected: Expected) -> Callable[[Record], Iterable[str]]:
    """Compare *header* of each request with what is *expected* after that many requests."""

    def check(record: Record) -> Iterator[str]:
        for number, request in enumerate(record.of("/feed.xml")[1:], start=1):
            if (sent := request.headers.get(header)) != expected(number):
                yield f"{header}: {sent!r} and not {expected(number)!r} (at {request.at})"

    return check


def _with_validators(
    given: dict[str, str], on_304: dict[str, str]
) -> Callable[[FeedRequest], Response]:
    def respond(request: FeedRequest) -> Response:
        names = {"ETag": "if-none-match", "Last-Modified": "if-modified-since"}
        if all(request.headers.get(names[name]) == value for name, value in given.items()):
            return Response(304, headers=SIX_HOURS | on_304)
        return Response(body=feed_body(), headers=SIX_HOURS | given)

    return respond


def _renewed(request: FeedRequest) -> Response:
    return Response(body=feed_body(), headers=SIX_HOURS | {"ETag": f'"v{request.number}"'})


def _renewed_on_304(request: FeedRequest) -> Response:
    if request.number == 1:
        return _renewed(request)
    return Response(304, headers=SIX_HOURS | {"ETag": f'"v{request.number}"'})


def _withdrawn(request: FeedRequest) -> Response:
    if request.number <= 2:
        return Response(
            body=feed_body(), headers=SIX_HOURS | {"ETag": '"old"', "Last-Modified": ODD_DATE}
        )
    return Response(body=feed_body(edition=3), headers=SIX_HOURS)


def _with_errors(request: FeedRequest) -> Response:
    if request.number in ERRORS:
        return Response(500, body="out of order", headers={"ETag": '"error"'})
    return _with_validators({"ETag": '"good"'}, {})(request)


RULES = (
    Rule(
        "etag",
        "an ETag is sent back unchanged, however odd",
        (Feed(_with_validators({"ETag": ODD_ETAG}, {"ETag": ODD_ETAG})),),
        _sends("if-none-match", lambda _number: ODD_ETAG),
    ),
    Rule(
        "last-modified",
        "a Last-Modified is sent back unchanged, even if it is no date",
        (Feed(_with_validators({"Last-Modified": ODD_DATE}, {})),),
        _sends("if-modified-since", lambda _number: ODD_DATE),
    ),
    Rule(
        "both-validators",
        "if a feed has both, both are sent",
        (Feed(_with_validators({"ETag": '"one"', "Last-Modified": ODD_DATE}, {})),),
        lambda record: (
            *_sends("if-none-match", lambda _number: '"one"')(record),
            *_sends("if-modified-since", lambda _number: ODD_DATE)(record),
        ),
    ),
    Rule(
        "etag-renewed",
        "a new ETag counts even if the body is the same",
        (Feed(_renewed),),
        _sends("if-none-match", lambda number: f'"v{number}"'),
    ),
    Rule(
        "etag-renewed-by-304",
        "a new ETag on a 304 counts",
        (Feed(_renewed_on_304),),
        _sends("if-none-match", lambda number: f'"v{number}"'),
    ),
    Rule(
        "bare-304",
        "a 304 without validators leaves those that were sent",
        (Feed(_with_validators({"ETag": '"kept"', "Last-Modified": ODD_DATE}, {})),),
        lambda record: (
            *_sends("if-none-match", lambda _number: '"kept"')(record),
            *_sends("if-modified-since", lambda _number: ODD_DATE)(record),
        ),
    ),
    Rule(
        "validators-withdrawn",
        "a 200 without validators ends those of the one before",
        (Feed(_withdrawn),),
        lambda record: (
            *_sends("if-none-match", lambda number: '"old"' if number <= 2 else None)(record),
            *_sends("if-modified-since", lambda number: ODD_DATE if number <= 2 else None)(record),
        ),
        min_requests=5,
    ),
    Rule(
        "error-etag",
        "an error's ETag is not the feed's",
        (Feed(_with_errors),),
        _sends("if-none-match", lambda _number: '"good"'),
        min_requests=7,
    ),
)
