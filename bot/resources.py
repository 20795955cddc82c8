"""What the chat and the pages of one process share, made once at its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from bot.mail.compose import Mailer
    from bot.ops.logs import Failure
    from bot.rendering.links import Links
    from bot.rendering.renderer import Renderer
    from bot.sources.discovery.add import Addition
    from bot.sources.discovery.discover import LookupResult
    from bot.subscribers.access import Access
    from bot.subscribers.feed_lists import ReadsLists
    from bot.subscribers.limits import Limits
    from storage.db.engine import Storage


class AddsSources(Protocol):
    """Reads a source before it is added, or looks for it at its site; that takes its time."""

    async def add(self, url: str) -> Addition: ...


class LooksAtLinks(Protocol):
    """Looks at what a user named, and stores nothing; that takes its time."""

    async def look(self, url: str) -> LookupResult: ...

    async def feeds_of(self, url: str) -> LookupResult: ...


@dataclass(frozen=True, slots=True)
class Resources:
    """*limits*: what a chat may have unless an admin allowed more or less.

    *mailer*: None if no SMTP server is set. *source_adder* adds sources for all chats, and
    *own_source_adder* feeds for the one that asks. *is_playground*: the first user becomes an
    admin. *app_url*: where the Mini App is, if there is one.
    """

    storage: Storage
    renderer: Renderer
    access: Access
    limits: Limits
    links: Links
    mailer: Mailer | None
    source_adder: AddsSources
    own_source_adder: AddsSources
    link_lookup: LooksAtLinks
    opml_reader: ReadsLists
    started_at: datetime
    errors: Callable[[], Sequence[Failure]]
    is_playground: bool = False
    app_url: str | None = None
