"""Pauses of hosts, which hold for all their sources and pages in every process.

- A host that responds 429 or 503 with a `Retry-After` gets no request for that long, an hour at
  most.
- After a time-out, its other sources and pages wait for a minute, and up to an hour while it keeps
  timing out. A single response ends the pause.
- A pause from a private fetch binds private fetches alone; one from a public fetch binds all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.fetch.response import Response, directives_of, pause_for_host
from bot.sources.fetch.source import FetchResult
from bot.sources.urls import host_of
from storage import sources
from storage.db.engine import Transaction


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """The response of a host, or its silence.

    `public`: to a public fetch. `pause`: how long the host gets no request, because it asks so.
    `asked`: how long this address gets none, which may be longer.
    """

    host: str
    public: bool
    pause: timedelta | None = None
    asked: timedelta | None = None
    timed_out: bool = False

    @property
    def stops_lane(self) -> bool:
        """Whether the host gets no further request now."""
        return self.timed_out or self.pause is not None


def answer_in(response: Response, now: datetime, *, public: bool) -> HostAnswer | None:
    """Return None for a host in the operator's own network, which needs no pauses."""
    if response.own_network:
        return None
    pause = pause_for_host(response.status, response.headers, now)
    asked = directives_of(response.headers, now).retry_after if pause else None
    return HostAnswer(host_of(response.url), public, pause, asked)


def answer_of(result: FetchResult, now: datetime, *, public: bool) -> HostAnswer | None:
    """Return None if no host was asked, or its answer is about one address alone."""
    if result.response:
        return answer_in(result.response, now, public=public)
    return silence_of(result.failed_host, result.problem, public=public)


def silence_of(host: str, problem: Problem | None, *, public: bool) -> HostAnswer | None:
    """Return the time-out of *host*; None if it did not time out."""
    if not host or problem is None or problem.code is not ProblemCode.TIMED_OUT:
        return None
    return HostAnswer(host, public, timed_out=True)


async def heed(tx: Transaction, answers: Iterable[HostAnswer | None]) -> None:
    """Pause hosts that ask for it or timed out, and end the back-off of those that responded."""
    known = [answer for answer in answers if answer]
    for public in (True, False):
        responded = {each.host for each in known if each.public is public and not each.timed_out}
        if responded:
            await sources.end_back_off(tx, responded, public=public)
    for answer in known:
        if answer.timed_out:
            await sources.back_off_host(tx, answer.host, public=answer.public)
        elif answer.pause:
            until = tx.now + answer.pause
            await sources.delay_host(tx, answer.host, until, public=answer.public)
