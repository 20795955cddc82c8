"""What is handed to the steps of one process, each with a watch around its calls.

They are the fetcher and the reader themselves in all else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.ops.instrumentation import Act, Watch
from bot.sources.feeds.model import Unreadable
from bot.sources.fetch.problems import FetchError, HostWaits
from bot.sources.fetch.response import problem_of
from bot.sources.urls import host_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.sources.feeds.model import Document
    from bot.sources.fetch.response import Response
    from bot.sources.fetch.source import Fetches, ReadsDocuments

UNCHANGED, HOST_WAITS = "unchanged", "host_waits"


@dataclass(frozen=True, slots=True)
class WatchedFetcher:
    """*purpose* is what is fetched: a feed, or a page that an article waits for."""

    fetcher: Fetches
    watch: Watch
    purpose: str

    async def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        inside: bool = False,
    ) -> Response:
        with self.watch.over(Act.FETCH, self.purpose, host=host_of(url)) as seen:
            try:
                answer = await self.fetcher.fetch(
                    url, etag=etag, last_modified=last_modified, inside=inside
                )
            except FetchError as error:
                is_waiting = isinstance(error, HostWaits)
                seen.outcome = HOST_WAITS if is_waiting else error.problem.kind.value
                raise
            seen.outcome = _kind_of(answer)
            return answer


@dataclass(frozen=True, slots=True)
class WatchedReader:
    reader: ReadsDocuments
    watch: Watch
    purpose: str

    async def read(
        self,
        data: bytes,
        /,
        *,
        url: str,
        content_type: str = "",
        known: Collection[int] = frozenset(),
    ) -> Document:
        with self.watch.over(Act.READ, self.purpose, host=host_of(url)) as seen:
            try:
                return await self.reader.read(data, url=url, content_type=content_type, known=known)
            except Unreadable as error:
                seen.outcome = error.reason
                raise


def _kind_of(answer: Response) -> str:
    if answer.not_modified:
        return UNCHANGED
    problem = problem_of(answer)
    return problem.kind.value if problem else "ok"
