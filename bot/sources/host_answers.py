"""Pauses of hosts. A pause applies to all sources and pages of a host, in every process.

- A host that responds 429 or 503 with a `Retry-After` gets no request for that long, an hour at
  most.
- After a host times out, its other sources and pages wait for a minute, and for up to an hour if
  it keeps timing out. A single response ends the pause.
- A private fetch pauses only private fetches. A public fetch pauses all.
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
    """The response of a host, or its time-out.

    `public`: whether the fetch was public. `pause`: how long the host gets no request, as it asked.
    `asked`: how long this address gets no request, which may be longer.
    """

    host: str
    public: bool
    pause: timedelta | None = None
    asked: timedelta | None = None
    timed_out: bool = False

    @property
    def stops_lane(self) -> bool:
        """Whether the host gets no further request for now."""
        return self.timed_out or self.pause is not None


def answer_in(response: Response, now: datetime, *, public: bool) -> HostAnswer | None:
    """Return what the host answered; None in the operator's own network, which needs no pauses."""
    if response.own_network:
        return None
    pause = pause_for_host(response.status, response.headers, now)
    asked = directives_of(response.headers, now).retry_after if pause else None
    return HostAnswer(host_of(response.url), public, pause, asked)


def answer_of(result: FetchResult, now: datetime, *, public: bool) -> HostAnswer | None:
    """Return what the host answered.

    None if no host was asked, or if the failure concerns one address alone.
    """
    if result.response:
        return answer_in(result.response, now, public=public)
    return silence_of(result.failed_host, result.problem, public=public)


def silence_of(host: str, problem: Problem | None, *, public: bool) -> HostAnswer | None:
    """Return the answer of a *host* that timed out; None if it did not."""
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
