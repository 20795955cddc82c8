"""What a request contains, and what not."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from benchmarks.politeness.rules import SIX_HOURS, Feed, Record, Rule, at_least, constant

AFTER_ADDING = timedelta(minutes=15)
QUERY = "/feed.xml?b=2&a=1&when=always"
PERSONAL = ("cookie", "referer", "authorization", "from", "origin")
REFRESHING = ("pragma", "cache-control")


def _one_get(record: Record) -> Iterator[str]:
    first = record.requests[0]
    for request in record.requests[1:]:
        if request.at - first.at < AFTER_ADDING:
            yield f"a second request, {request.method} {request.path}, at {request.at}"
        if request.method != "GET":
            yield f"{request.method} {request.path}"


def _never_sends(*names: str) -> Callable[[Record], Iterator[str]]:
    def check(record: Record) -> Iterator[str]:
        for request in record.requests:
            sent = request.headers
            yield from (f"{name}: {sent[name]}" for name in names if name in sent)

    return check


def _unchanged(record: Record) -> Iterator[str]:
    yield from (f"requested {path}" for path in record.paths if path != QUERY)


def _identifies_itself(record: Record) -> Iterator[str]:
    names = {request.headers.get("user-agent", "") for request in record.requests}
    yield from (f"sends {len(names)} different User-Agents" for _ in names if len(names) > 1)
    for name in names:
        if "http://" not in name and "https://" not in name and "@" not in name:
            yield f"no contact in its User-Agent: {name!r}"


def _accepts_gzip(record: Record) -> Iterator[str]:
    for request in record.requests:
        if "gzip" not in request.headers.get("accept-encoding", ""):
            yield "does not accept gzip"


def _four_feeds() -> tuple[Feed, ...]:
    respond = constant(Cache_Control="max-age=21600")
    return tuple(Feed(respond, path=f"/{number}.xml") for number in range(4))


def _same_intervals(record: Record) -> Iterator[str]:
    for path in dict.fromkeys(record.paths):
        yield from at_least(record, timedelta(hours=6), path)


def _one_feed(**headers: str) -> tuple[Feed, ...]:
    return (Feed(constant(Cache_Control=SIX_HOURS["Cache-Control"], **headers)),)


RULES = (
    Rule(
        "one-get", "adding a feed takes one GET, and requests nothing else", _one_feed(), _one_get
    ),
    Rule(
        "no-cookies",
        "no cookies, no Referer, no name of a person",
        _one_feed(Set_Cookie="id=1; Path=/; Max-Age=999999"),
        _never_sends(*PERSONAL),
    ),
    Rule("no-refresh", "no header bypasses caches", _one_feed(), _never_sends(*REFRESHING)),
    Rule(
        "unchanged",
        "the URL is requested as it was given, without a cache-buster",
        (Feed(constant(Cache_Control=SIX_HOURS["Cache-Control"]), path=QUERY),),
        _unchanged,
    ),
    Rule("user-agent", "one User-Agent, with a contact", _one_feed(), _identifies_itself),
    Rule("compressed", "gzip is accepted", _one_feed(), _accepts_gzip),
    Rule(
        "restart",
        "after a restart nothing is requested earlier (try some)",
        _four_feeds(),
        _same_intervals,
        min_requests=8,
    ),
)
