"""Both validators are opaque: sent back as they came, the newest always, and only those of a feed
that could be read."""

from collections.abc import Callable, Iterable, Iterator

from benchmarks.politeness.rules import CALM, Feed, Record, Reply, Rule, Visit, feed_body

Expected = Callable[[int], str | None]

ODD_ETAG = "W/\"odd 'one'--gzip\";v=2"
ODD_DATE = "the day before yesterday, 12:00 +0130"
ERRORS = range(3, 6)  # by the number of the request


def _shows(header: str, expected: Expected) -> Callable[[Record], Iterable[str]]:
    """Judge *header* of each request but the first by the number of the request before."""

    def complaints(record: Record) -> Iterator[str]:
        for number, one in enumerate(record.of("/feed.xml")[1:], start=1):
            if (shown := one.headers.get(header)) != expected(number):
                yield f"{header}: {shown!r} and not {expected(number)!r} (at {one.at})"

    return complaints


def _constant(given: dict[str, str], on_304: dict[str, str]) -> Callable[[Visit], Reply]:
    def answer(visit: Visit) -> Reply:
        shown = {"ETag": "if-none-match", "Last-Modified": "if-modified-since"}
        if all(visit.headers.get(shown[name]) == value for name, value in given.items()):
            return Reply(304, headers=CALM | on_304)
        return Reply(body=feed_body(), headers=CALM | given)

    return answer


def _renewed(visit: Visit) -> Reply:
    return Reply(body=feed_body(), headers=CALM | {"ETag": f'"v{visit.number}"'})


def _renewed_on_304(visit: Visit) -> Reply:
    if visit.number == 1:
        return _renewed(visit)
    return Reply(304, headers=CALM | {"ETag": f'"v{visit.number}"'})


def _withdrawn(visit: Visit) -> Reply:
    if visit.number <= 2:
        return Reply(body=feed_body(), headers=CALM | {"ETag": '"old"', "Last-Modified": ODD_DATE})
    return Reply(body=feed_body(edition=3), headers=CALM)


def _with_errors(visit: Visit) -> Reply:
    if visit.number in ERRORS:
        return Reply(500, body="out of order", headers={"ETag": '"error"'})
    return _constant({"ETag": '"good"'}, {})(visit)


RULES = (
    Rule(
        "etag",
        "an ETag is sent back as it came, however odd",
        (Feed(_constant({"ETag": ODD_ETAG}, {"ETag": ODD_ETAG})),),
        _shows("if-none-match", lambda _number: ODD_ETAG),
    ),
    Rule(
        "last-modified",
        "a Last-Modified is sent back as it came, though it is no date",
        (Feed(_constant({"Last-Modified": ODD_DATE}, {})),),
        _shows("if-modified-since", lambda _number: ODD_DATE),
    ),
    Rule(
        "both-validators",
        "who gave both gets both",
        (Feed(_constant({"ETag": '"one"', "Last-Modified": ODD_DATE}, {})),),
        lambda record: (
            *_shows("if-none-match", lambda _number: '"one"')(record),
            *_shows("if-modified-since", lambda _number: ODD_DATE)(record),
        ),
    ),
    Rule(
        "etag-renewed",
        "a new ETag counts though the body is the same",
        (Feed(_renewed),),
        _shows("if-none-match", lambda number: f'"v{number}"'),
    ),
    Rule(
        "etag-renewed-by-304",
        "a new ETag on a 304 counts",
        (Feed(_renewed_on_304),),
        _shows("if-none-match", lambda number: f'"v{number}"'),
    ),
    Rule(
        "bare-304",
        "a 304 without validators leaves those that were sent",
        (Feed(_constant({"ETag": '"kept"', "Last-Modified": ODD_DATE}, {})),),
        lambda record: (
            *_shows("if-none-match", lambda _number: '"kept"')(record),
            *_shows("if-modified-since", lambda _number: ODD_DATE)(record),
        ),
    ),
    Rule(
        "validators-withdrawn",
        "a 200 without validators ends those of the one before",
        (Feed(_withdrawn),),
        lambda record: (
            *_shows("if-none-match", lambda number: '"old"' if number <= 2 else None)(record),
            *_shows("if-modified-since", lambda number: ODD_DATE if number <= 2 else None)(record),
        ),
        fewest=5,
    ),
    Rule(
        "error-etag",
        "an error's ETag is not the feed's",
        (Feed(_with_errors),),
        _shows("if-none-match", lambda _number: '"good"'),
        fewest=7,
    ),
)
