"""Redirects: passing ones change nothing; those for good count after ten sightings."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from benchmarks.politeness.rules import CALM, Feed, Record, Reply, Rule, Visit, feed_body, plain
from tests.sources.feeds_made import LONG, page

SIGHTINGS = 10
MOST_HOPS = 5
ONE_VISIT = timedelta(minutes=5)


def _moves(status: int) -> Callable[[Visit], Reply]:
    def answer(visit: Visit) -> Reply:
        if visit.number <= 2:
            return Reply(body=feed_body(), headers=CALM)
        return Reply(status, headers={"Location": f"{visit.base}/new.xml"})

    return answer


def _moved(record: Record) -> Iterator[str]:
    sent_on = [one for one in record.of("/feed.xml") if one.status in {301, 308}]
    followed = len(record.of("/new.xml"))
    if len(sent_on) > SIGHTINGS:
        yield f"asked {len(sent_on)} times at the old address"
    if followed > len(sent_on) and len(sent_on) < SIGHTINGS:
        yield f"left the old address after {len(sent_on)} sightings"


def _stays(record: Record) -> Iterator[str]:
    """Each visit begins at the old address."""
    visited = sum(one.path != "/feed.xml" for one in record.asked)
    if visited > len(record.of("/feed.xml")):
        yield "left the old address"


def _parked_in_the_end(visit: Visit) -> Reply:
    if visit.number < SIGHTINGS:
        return Reply(body=feed_body(), headers=CALM)
    body = page("This name is for sale", [LONG])
    return Reply(body=body, headers={"Content-Type": "text/html; charset=utf-8"})


def _few_hops(record: Record) -> Iterator[str]:
    begun = None
    hops = 0
    for one in record.asked:
        if begun is None or one.at - begun > ONE_VISIT:
            begun, hops = one.at, 0
        hops += 1
        if hops == MOST_HOPS + 2:
            yield f"followed more than {MOST_HOPS} redirects at {begun}"


def _loops(visit: Visit) -> Reply:
    if visit.number == 1:
        return Reply(body=feed_body(), headers=CALM)
    return Reply(302, headers={"Location": "/feed.xml"})


NEW = Feed(plain(Cache_Control="max-age=21600"), "/new.xml", listed=False)

RULES = (
    Rule("moved-301", "301 moves after ten sightings", (Feed(_moves(301)), NEW), _moved, fewest=21),
    Rule("moved-308", "so does 308", (Feed(_moves(308)), NEW), _moved, fewest=21),
    Rule("passing-302", "302 never moves", (Feed(_moves(302)), NEW), _stays, fewest=21),
    Rule(
        "moved-to-a-page",
        "nothing moves to what is no feed",
        (Feed(_moves(301)), Feed(_parked_in_the_end, "/new.xml", listed=False)),
        _stays,
        fewest=21,
    ),
    Rule("loop", "five redirects at most", (Feed(_loops),), _few_hops, fewest=7),
)
