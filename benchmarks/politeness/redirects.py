"""Redirects: permanent ones change the URL after ten times, temporary ones never."""

from collections.abc import Callable, Iterator
from datetime import timedelta

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
from tests.sources.feeds_made import LONG, page

MIN_REDIRECTS = 10
MAX_REDIRECTS = 5
ONE_READING = timedelta(minutes=5)


def _moves(status: int) -> Callable[[FeedRequest], Response]:
    def respond(request: FeedRequest) -> Response:
        if request.number <= 2:
            return Response(body=feed_body(), headers=SIX_HOURS)
        return Response(status, headers={"Location": f"{request.site}/new.xml"})

    return respond


def _moved(record: Record) -> Iterator[str]:
    redirected = [request for request in record.of("/feed.xml") if request.status in {301, 308}]
    followed = len(record.of("/new.xml"))
    if len(redirected) > MIN_REDIRECTS:
        yield f"requested the old URL {len(redirected)} times"
    if followed > len(redirected) and len(redirected) < MIN_REDIRECTS:
        yield f"left the old URL after {len(redirected)} redirects"


def _stays(record: Record) -> Iterator[str]:
    """Require that each reading begins at the old URL."""
    elsewhere = sum(path != "/feed.xml" for path in record.paths)
    if elsewhere > len(record.of("/feed.xml")):
        yield "left the old URL"


def _parked_later(request: FeedRequest) -> Response:
    if request.number < MIN_REDIRECTS:
        return Response(body=feed_body(), headers=SIX_HOURS)
    body = page("This domain is for sale", [LONG])
    return Response(body=body, headers={"Content-Type": "text/html; charset=utf-8"})


def _few_redirects(record: Record) -> Iterator[str]:
    started = None
    count = 0
    for request in record.requests:
        if started is None or request.at - started > ONE_READING:
            started, count = request.at, 0
        count += 1
        if count == MAX_REDIRECTS + 2:
            yield f"followed more than {MAX_REDIRECTS} redirects at {started}"


def _loops(request: FeedRequest) -> Response:
    if request.number == 1:
        return Response(body=feed_body(), headers=SIX_HOURS)
    return Response(302, headers={"Location": "/feed.xml"})


NEW = Feed(constant(Cache_Control="max-age=21600"), "/new.xml", is_listed=False)

RULES = (
    Rule(
        "moved-301",
        "301 moves a feed after ten times",
        (Feed(_moves(301)), NEW),
        _moved,
        min_requests=21,
    ),
    Rule("moved-308", "so does 308", (Feed(_moves(308)), NEW), _moved, min_requests=21),
    Rule("temporary-302", "302 never does", (Feed(_moves(302)), NEW), _stays, min_requests=21),
    Rule(
        "moved-to-a-page",
        "no feed moves to what is no feed",
        (Feed(_moves(301)), Feed(_parked_later, "/new.xml", is_listed=False)),
        _stays,
        min_requests=21,
    ),
    Rule("loop", "five redirects at most", (Feed(_loops),), _few_redirects, min_requests=7),
)
