"""Instrumentation of the fetcher and the reader of a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.ops.instrumentation import Instrumentation, Operation
from bot.sources.feeds.model import AS_USUAL, ReadingRules, Unreadable
from bot.sources.fetch.problems import FetchError, HostPaused
from bot.sources.fetch.response import problem_of
from bot.sources.urls import host_of

if TYPE_CHECKING:
    from bot.sources.credentials import Credentials
    from bot.sources.feeds.model import Document
    from bot.sources.fetch.response import Response
    from bot.sources.fetch.source import Fetches, ReadsDocuments

UNCHANGED, HOST_WAITS = "unchanged", "host_waits"


@dataclass(frozen=True, slots=True)
class InstrumentedFetcher:
    """*purpose* distinguishes feeds from the pages that articles wait for."""

    fetcher: Fetches
    instrumentation: Instrumentation
    purpose: str

    async def fetch(
        self,
        url: str,
        *,
        inside: bool,
        public: bool,
        etag: str | None = None,
        last_modified: str | None = None,
        access: Credentials | None = None,
    ) -> Response:
        with self.instrumentation.observe(
            Operation.FETCH, self.purpose, host=host_of(url)
        ) as observation:
            try:
                response = await self.fetcher.fetch(
                    url,
                    inside=inside,
                    public=public,
                    etag=etag,
                    last_modified=last_modified,
                    access=access,
                )
            except FetchError as error:
                is_waiting = isinstance(error, HostPaused)
                observation.outcome = HOST_WAITS if is_waiting else error.problem.kind.value
                raise
            observation.outcome = _outcome_of(response)
            return response


@dataclass(frozen=True, slots=True)
class InstrumentedReader:
    reader: ReadsDocuments
    instrumentation: Instrumentation
    purpose: str

    async def read(
        self,
        data: bytes,
        /,
        *,
        url: str,
        public: bool,
        content_type: str = "",
        known: bytes = b"",
        rules: ReadingRules = AS_USUAL,
    ) -> Document:
        with self.instrumentation.observe(
            Operation.READ, self.purpose, host=host_of(url)
        ) as observation:
            try:
                return await self.reader.read(
                    data,
                    url=url,
                    public=public,
                    content_type=content_type,
                    known=known,
                    rules=rules,
                )
            except Unreadable as error:
                observation.outcome = error.reason
                raise


def _outcome_of(response: Response) -> str:
    if response.not_modified:
        return UNCHANGED
    problem = problem_of(response)
    return problem.kind.value if problem else "ok"
