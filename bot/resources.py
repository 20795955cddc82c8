"""What the chat and the pages of one process use, made once at its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.mail.compose import Mailer
    from bot.mail.confirm import Mailboxes
    from bot.matching.search import Search
    from bot.rendering.links import Links
    from bot.rendering.renderer import Renderer
    from bot.sources.discovery.add import Addition
    from bot.sources.discovery.discover import LookupResult
    from bot.subscribers.access import Access
    from bot.subscribers.admins import Admins
    from bot.subscribers.allowing import Allowing
    from bot.subscribers.arrivals import Arrivals
    from bot.subscribers.audit import Audit
    from bot.subscribers.bans import Bans
    from bot.subscribers.broadcasts import Broadcasts
    from bot.subscribers.cataloguing import Cataloguing
    from bot.subscribers.changing import Changing
    from bot.subscribers.channels import Channels
    from bot.subscribers.chatlist import ChatList
    from bot.subscribers.erasing import Erasing
    from bot.subscribers.exporting import Exporting
    from bot.subscribers.feed_lists import FeedLists
    from bot.subscribers.feedback import FeedbackDesk
    from bot.subscribers.feeds import Feeds
    from bot.subscribers.importing import Importing
    from bot.subscribers.invites import Invites
    from bot.subscribers.limits import Limits
    from bot.subscribers.looks import Looks
    from bot.subscribers.moving import Moving
    from bot.subscribers.outlets import Outlets
    from bot.subscribers.overview import LooksAfter
    from bot.subscribers.own_sources import OwnSources
    from bot.subscribers.proposing import Proposing
    from bot.subscribers.restraint import Restraint
    from bot.subscribers.schedule import Schedule
    from bot.subscribers.settings import ChatSettings
    from bot.subscribers.sharing import Sharing
    from bot.subscribers.tastes import Tastes
    from bot.subscribers.topics import Topics
    from bot.subscribers.unanswered import Unanswered
    from bot.subscribers.watching import Watching
    from storage.db.engine import Storage


class AddsSources(Protocol):
    """Reads a source before it is added, or looks for it at its site; that takes its time."""

    async def add(self, url: str) -> Addition: ...


class LooksAtLinks(Protocol):
    """Looks at what a person named, and stores nothing; that takes its time."""

    async def look(self, url: str) -> LookupResult: ...

    async def feeds_of(self, url: str) -> LookupResult: ...


@dataclass(frozen=True, slots=True)
class Resources:
    """*limits*: what a chat may have unless an admin allowed more or less.

    *mailer*: None if no SMTP server is set. *app_url*: where the Mini App is, if there is one.
    """

    renderer: Renderer
    access: Access
    limits: Limits
    links: Links
    mailer: Mailer | None

    arrivals: Arrivals
    channels: Channels
    moving: Moving
    admins: Admins
    topics: Topics
    watching: Watching
    settings: ChatSettings
    schedule: Schedule
    restraint: Restraint
    looks: Looks
    tastes: Tastes
    proposing: Proposing
    erasing: Erasing
    search: Search
    adding: AddsSources
    feed_lists: FeedLists
    looking: LooksAtLinks
    own_sources: OwnSources
    storage: Storage
    feeds: Feeds
    mailboxes: Mailboxes
    audit: Audit
    overview: LooksAfter
    changing: Changing
    exporting: Exporting
    importing: Importing
    allowing: Allowing
    outlets: Outlets
    feedback: FeedbackDesk
    bans: Bans
    broadcasts: Broadcasts
    cataloguing: Cataloguing
    chats: ChatList
    invites: Invites
    sharing: Sharing
    unanswered: Unanswered
    app_url: str | None = None
