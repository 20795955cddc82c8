"""Errors back off to a day and recover by themselves; who is only busy has made no error."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise

from benchmarks.politeness.rules import (
    Feed,
    Record,
    Reply,
    Rule,
    Visit,
    at_least,
    at_most,
    feed_body,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONGEST = 1.15 * DAY
WELL_AGAIN = 4 * DAY
BUSY_FROM, BUSY_UNTIL = DAY / 2, 1.5 * DAY


def _ill(reply: Reply) -> Callable[[Visit], Reply]:
    """Return a feed that is good twice, then ill for days, then good again."""

    def answer(visit: Visit) -> Reply:
        ill = visit.number > 2 and visit.since < WELL_AGAIN
        return reply if ill else Reply(body=feed_body())

    return answer


def _busy(status: int) -> Callable[[Visit], Reply]:
    def answer(visit: Visit) -> Reply:
        busy = BUSY_FROM < visit.since < BUSY_UNTIL
        return Reply(status) if busy else Reply(body=feed_body())

    return answer


def _backs_off(record: Record) -> Iterator[str]:
    yield from at_most(record, LONGEST)
    well_at = record.asked[0].at + WELL_AGAIN
    ill = [gap for _before, after, gap in record.gaps() if after.at < well_at][2:]
    for number, (before, gap) in enumerate(pairwise(ill), start=2):
        if gap < min(1.5 * before, 0.85 * DAY):
            yield f"after error {number} it waited {gap}, after the one before {before}"


def _recovers(record: Record) -> Iterator[str]:
    yield from _backs_off(record)
    well_at = record.asked[0].at + WELL_AGAIN
    gaps = [gap for before, _after, gap in record.gaps() if before.at > well_at]
    yield from (f"still waits {gap} when all is well" for gap in gaps if gap > 1.2 * HOUR)


def _not_an_error(record: Record) -> Iterator[str]:
    yield from at_least(record, 0.9 * HOUR)
    yield from at_most(record, 1.2 * HOUR)


def _gone(record: Record) -> Iterator[str]:
    gone = [one for one in record.asked if one.status == 410]
    yield from (f"asked again at {one.at}" for one in gone[1:])


def _gone_at_the_third(visit: Visit) -> Reply:
    return Reply(410) if visit.number > 2 else Reply(body=feed_body())


def _always_missing(visit: Visit) -> Reply:
    return Reply(404) if visit.number > 1 else Reply(body=feed_body())


RULES = (
    Rule(
        "errors",
        "errors back off to a day, and end with the first good answer",
        (Feed(_ill(Reply(500, "out of order"))),),
        _recovers,
        fewest=8,
    ),
    Rule(
        "hangs-up",
        "no answer at all is such an error",
        (Feed(_ill(Reply(hangs_up=True))),),
        _recovers,
        fewest=8,
    ),
    Rule(
        "nonsense",
        "so is an answer that is no feed",
        (Feed(_ill(Reply(body="<html><body><h1>Down for repair</h1></body></html>"))),),
        _recovers,
        fewest=8,
    ),
    Rule(
        "never-dead",
        "what is missing for long is still asked once a day",
        (Feed(_always_missing),),
        _backs_off,
        fewest=8,
    ),
    Rule("busy-503", "503 is no error", (Feed(_busy(503)),), _not_an_error, fewest=40),
    Rule("busy-429", "429 is no error", (Feed(_busy(429)),), _not_an_error, fewest=40),
    Rule("gone", "410 ends it", (Feed(_gone_at_the_third),), _gone),
)
