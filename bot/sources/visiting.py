"""One visit to a source: ask, judge the answer, read what is new. It stores nothing."""

from dataclasses import dataclass
from typing import Protocol

from bot.sources.answers import Answer, problem_from, problem_of
from bot.sources.failures import FetchError
from bot.sources.intake import digest
from bot.sources.records import Document, Unreadable
from bot.sources.troubles import Problem


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

    @property
    def own_network(self) -> bool:
        return self.answer is not None and self.answer.own_network


async def visit(fetcher: Fetches, reader: Reads, asked: Asked) -> Visit:
    try:
        answer = await fetcher.fetch(
            asked.url, etag=asked.etag, last_modified=asked.last_modified, inside=asked.inside
        )
    except FetchError as error:
        return Visit(problem=problem_from(error))
    problem = problem_of(answer)
    if problem or answer.not_modified:
        return Visit(answer, asked.body_hash, problem=problem)
    body_hash = digest(answer.body.decode("latin-1"))
    if body_hash == asked.body_hash:
        return Visit(answer, body_hash)
    return await _read(reader, answer, body_hash)


async def _read(reader: Reads, answer: Answer, body_hash: str) -> Visit:
    try:
        document = await reader.read(answer.body, url=answer.url, content_type=answer.content_type)
    except Unreadable as error:
        return Visit(answer, body_hash, problem=problem_from(error))
    return Visit(answer, body_hash, document)
