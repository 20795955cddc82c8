"""Any bytes into a document: at once where that is safe and quick, else by a worker."""

import asyncio
from dataclasses import dataclass, field
from typing import Self

from bot.sources.formats.records import Document
from bot.sources.workers import Workers

_LARGE = 200_000  # bytes that take longer than the event loop should wait


@dataclass(frozen=True, slots=True)
class Reader:
    """Use inside `async with`, so that no worker is left behind."""

    workers: Workers = field(default_factory=Workers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.workers.close()

    async def read(self, data: bytes, *, url: str, content_type: str = "") -> Document:
        """What is in *data*, fetched from *url* ("" if nowhere); raises `Unreadable`."""
        # The parsers are 6 MB, and most processes never read a document.
        from bot.sources.formats.documents import read_fast  # noqa: PLC0415

        if len(data) > _LARGE:
            found = await asyncio.to_thread(read_fast, data, url, content_type)
        else:
            found = read_fast(data, url, content_type)
        return found if isinstance(found, Document) else await self.workers.read(found, url)
