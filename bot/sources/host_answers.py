"""The answers of hosts, and their consequences for all sources and pages there, in every process.

- A host that responds 429 or 503 with a `Retry-After` is left alone for so long, an hour at most.
- After a time-out its other sources and pages wait for a minute, and up to an hour while it goes on
  to time out. A single response ends that.
- A pause that a user's fetch has learned binds users' fetches alone, a public one's binds all.
"""

from collections import defaultdict
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
    """The response of a host, or that there was none.

    `public`: a public fetch has learned it. `pause`: how long the host is left alone, because it
    asks so. `asked`: how long the address itself is left alone, which may be longer.
    """

    host: str
    public: bool
    pause: timedelta | None = None
    asked: timedelta | None = None
    timed_out: bool = False

    @property
    def stops_lane(self) -> bool:
        """Whether nothing else is to be asked of the host now."""
        return self.timed_out or self.pause is not None


def answer_in(response: Response, now: datetime, *, public: bool) -> HostAnswer | None:
    """Return None for a host in the operator's own network, which may be asked at any time."""
    if response.own_network:
        return None
    pause = pause_for_host(response.status, response.headers, now)
    asked = directives_of(response.headers, now).retry_after if pause else None
    return HostAnswer(host_of(response.url), public, pause, asked)


def answer_of(result: FetchResult, now: datetime, *, public: bool) -> HostAnswer | None:
    """Return None if no host was asked or said anything about the other addresses there."""
    if result.response:
        return answer_in(result.response, now, public=public)
    return silence_of(result.failed_host, result.problem, public=public)


def silence_of(host: str, problem: Problem | None, *, public: bool) -> HostAnswer | None:
    """Return that *host* timed out; None if it did something else."""
    if not host or problem is None or problem.code is not ProblemCode.TIMED_OUT:
        return None
    return HostAnswer(host, public, timed_out=True)


async def heed(tx: Transaction, answers: Iterable[HostAnswer | None]) -> None:
    heard = [answer for answer in answers if answer]
    responded: dict[bool, set[str]] = defaultdict(set)
    for answer in heard:
        if not answer.timed_out:
            responded[answer.public].add(answer.host)
    for public, hosts in responded.items():
        await sources.end_back_off(tx, hosts, public=public)
    for answer in heard:
        if answer.timed_out:
            await sources.back_off_host(tx, answer.host, public=answer.public)
        elif answer.pause:
            until = tx.now + answer.pause
            await sources.delay_host(tx, answer.host, until, public=answer.public)
