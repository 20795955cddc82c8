"""One visit to a source: ask, judge the answer, read what is new. It stores nothing."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from bot.sources.formats.records import Document, Kind, Unreadable
from bot.sources.getting.answers import Answer, problem_from, problem_of
from bot.sources.getting.failures import FetchError, HostWaits
from bot.sources.getting.sitemaps_indexed import gathered, tells_changes
from bot.sources.getting.troubles import Problem
from bot.sources.hashes import digest


class Fetches(Protocol):
    async def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        inside: bool = False,
    ) -> Answer: ...


class Reads(Protocol):
    async def read(self, data: bytes, /, *, url: str, content_type: str = "") -> Document: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for; the validators and `body_hash` are those of the last answer."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """No `document` and no `problem`: nothing has changed."""

    answer: Answer | None = None
    body_hash: str | None = None
    document: Document | None = None
    problem: Problem | None = None
    wait: timedelta | None = None  # its host was not asked, because it wants to be left alone

    @property
    def own_network(self) -> bool:
        return self.answer is not None and self.answer.own_network

    def settled(self, url: str) -> str:
        """Return what *url* is called now: nothing is stored yet, so a move for good counts."""
        return (self.answer and self.answer.moved_permanently_to) or url


async def visit(fetcher: Fetches, reader: Reads, asked: Asked) -> Visit:
    try:
        answer = await fetcher.fetch(
            asked.url, etag=asked.etag, last_modified=asked.last_modified, inside=asked.inside
        )
    except FetchError as error:
        wait = error.left if isinstance(error, HostWaits) else None
        return Visit(problem=problem_from(error), wait=wait)
    problem = problem_of(answer)
    if problem or answer.not_modified:
        return Visit(answer, asked.body_hash, problem=problem)
    body_hash = digest(answer.body.decode("latin-1"))
    if body_hash == asked.body_hash:
        return Visit(answer, body_hash)
    return await _read(fetcher, reader, answer, body_hash)


async def _read(fetcher: Fetches, reader: Reads, answer: Answer, body_hash: str) -> Visit:
    try:
        document = await reader.read(answer.body, url=answer.url, content_type=answer.content_type)
        if document.kind is not Kind.INDEX:
            return Visit(answer, body_hash, document)
        listed = await gathered(document, fetcher, reader, inside=answer.own_network)
    except Unreadable as error:
        return Visit(answer, body_hash, problem=problem_from(error))
    if tells_changes(document):
        return Visit(answer, body_hash, listed)
    # Its sitemaps change and it does not: next time it must be read again, same or not.
    return Visit(replace(answer, etag=None, last_modified=None), None, listed)
