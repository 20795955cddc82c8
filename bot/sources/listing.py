"""The sources there are, for whoever keeps them."""

from dataclasses import dataclass

from bot.sources.articles.intake import url_hash
from bot.sources.finding.opml import Outline, write_opml
from storage.access import record_event
from storage.db.engine import Storage
from storage.enums import AuditAction, SourceKind
from storage.sources import Source, all_sources, remove_source, source_of


@dataclass(frozen=True, slots=True)
class Listing:
    storage: Storage

    async def sources(self) -> list[Source]:
        async with self.storage.reading() as tx:
            return await all_sources(tx)

    async def as_opml(self) -> bytes:
        """Return the operator's sources; what a chat added, or a search made, is not theirs."""
        outlines = [
            Outline(
                source.url,
                source.title,
                folder=tuple(source.folder),
                is_page=source.kind is SourceKind.PAGE,
            )
            for source in await self.sources()
            if source.public and source.kind is not SourceKind.SEARCH
        ]
        return write_opml(outlines, "Sources of Dateline")

    async def is_search(self, url: str) -> bool:
        """Whether it was made for what chats watch; it would only come back."""
        async with self.storage.reading() as tx:
            source = await source_of(tx, url_hash(url))
        return source is not None and source.kind is SourceKind.SEARCH

    async def remove(self, url: str, *, by: int | None = None) -> bool:
        """Return whether there was such a source; its articles stay."""
        async with self.storage.writing() as tx:
            was_there = await remove_source(tx, url_hash(url.strip()))
            if was_there:
                await record_event(tx, by, AuditAction.SOURCE_REMOVED, url.strip())
        return was_there
