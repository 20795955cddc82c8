"""What is handed to the steps of one process, each with a watch around its calls.

They are the channel, the mail server, the way out and the reader themselves in all else.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.delivery.errors import DeliveryError
from bot.sources.feeds.model import Unreadable
from bot.sources.fetch.problems import FetchError, HostWaits
from bot.sources.fetch.response import problem_of
from bot.sources.urls import host_of
from bot.watch import Act, Seen, Watch
from storage.enums import Medium

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from contextlib import AbstractContextManager

    from bot.delivery.channel import Address, Channel
    from bot.mail.sending import TakesMail
    from bot.mail.smtp import Envelope
    from bot.rendering.messages import Message
    from bot.sources.feeds.model import Document
    from bot.sources.fetch.response import Response
    from bot.sources.fetch.source import Fetches, Reads

UNCHANGED, HOST_WAITS = "unchanged", "host_waits"
_INNER_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def word_of(error: Exception) -> str:
    """Return the name of an error's type as a word: FloodWait is flood_wait."""
    return _INNER_CAPITAL.sub("_", type(error).__name__).lower()


@dataclass(frozen=True, slots=True)
class WatchedChannel:
    channel: Channel
    watch: Watch

    async def send(
        self,
        address: Address,
        message: Message,
        *,
        silent: bool = False,
        reply_to: int | None = None,
    ) -> int:
        with _sending(self.watch, Medium.TELEGRAM, edits=0):
            return await self.channel.send(address, message, silent=silent, reply_to=reply_to)

    async def edit(self, address: Address, message_id: int, message: Message) -> int:
        with _sending(self.watch, Medium.TELEGRAM, edits=1):
            return await self.channel.edit(address, message_id, message)

    async def answers(self) -> bool:
        return await self.channel.answers()


@dataclass(frozen=True, slots=True)
class WatchedRelay:
    relay: TakesMail
    watch: Watch

    async def send(self, envelope: Envelope) -> None:
        with _sending(self.watch, Medium.EMAIL, edits=0):
            await self.relay.send(envelope)

    async def answers(self) -> bool:
        return await self.relay.answers()


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
                seen.outcome = HOST_WAITS if isinstance(error, HostWaits) else error.kind.value
                raise
            seen.outcome = _kind_of(answer)
            return answer


@dataclass(frozen=True, slots=True)
class WatchedReader:
    reader: Reads
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


def _sending(watch: Watch, medium: Medium, *, edits: int) -> AbstractContextManager[Seen]:
    return _judged(watch.over(Act.SEND, medium.value, edits=edits))


@contextmanager
def _judged(watched: AbstractContextManager[Seen]) -> Iterator[Seen]:
    with watched as seen:
        try:
            yield seen
        except DeliveryError as error:
            seen.outcome = word_of(error)
            raise


def _kind_of(answer: Response) -> str:
    if answer.not_modified:
        return UNCHANGED
    problem = problem_of(answer)
    return problem.kind.value if problem else "ok"
