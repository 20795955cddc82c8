"""The resources of a bot in tests: the real services on a database of the test, a web that is faked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.logs import Failure
from bot.mail.confirm import Mailboxes
from bot.matching.search import Search
from bot.rendering.links import Links, Signer
from bot.rendering.renderer import Renderer
from bot.resources import Resources
from bot.sources.discovery.add import Addition, Outcome
from bot.sources.discovery.discover import LookupResult
from bot.sources.discovery.opml import Outline, read_opml
from bot.sources.drafts import url_hash
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
from bot.subscribers.limits import USUAL_LIMITS
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
from storage.sources import add_source
from tests.conftest import MONDAY_NOON

if TYPE_CHECKING:
    from bot.mail.compose import Mailer
    from bot.sources.fetch.problems import Problem
    from bot.subscribers.access import Access
    from storage.db.engine import Storage


ADMIN = 900
LINKS = Links("https://bot.example", Signer(bytes(32)))


def errors() -> list[Failure]:
    return [Failure(MONDAY_NOON, "a step failed · match · OSError: no room")]


class FakeAdding:
    """Adds nothing; says what it is told to say, once."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.problem: Problem | None = None
        self.told: Addition | None = None

    async def add(self, url: str) -> Addition:
        self.asked.append(url)
        if self.told:
            return self.told
        is_there = url in self.asked[:-1]
        outcome = Outcome.REFUSED if self.problem else Outcome.ADDED
        outcome = Outcome.THERE if is_there else outcome
        return Addition(url, outcome, "Sample Times", 12, self.problem)


class FakeLooking:
    """Finds what it is told to find."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.told = LookupResult("")

    async def look(self, url: str) -> LookupResult:
        self.asked.append(url)
        return replace(self.told, url=url)

    async def feeds_of(self, url: str) -> LookupResult:
        self.asked.append(url)
        return replace(self.told, url=url, title="", text="")


@dataclass(frozen=True)
class OneFeed:
    """Reads whatever address it is given as the same feed, unless it has a *problem*."""

    storage: Storage
    problem: Problem | None = None

    async def add(self, url: str) -> Addition:
        if self.problem:
            return Addition(url, Outcome.REFUSED, problem=self.problem)
        async with self.storage.writing() as tx:
            values = {
                "url": url,
                "url_hash": url_hash(url),
                "host": "feeds.example.org",
                "title": "Own Times",
                "created_at": tx.now,
                "next_fetch_at": tx.now,
            }
            source_id = await add_source(tx, values)
        return Addition(url, Outcome.ADDED, "Own Times", source_id=source_id)


class ReadsHere:
    async def outlines(self, data: bytes) -> tuple[Outline, ...]:
        return read_opml(data)


def make_resources(
    storage: Storage,
    access: Access,
    adding: FakeAdding | None = None,
    mailer: Mailer | None = None,
    looking: FakeLooking | None = None,
    renderer: Renderer | None = None,
) -> Resources:
    renderer = renderer or Renderer()
    search = Search(storage)
    own_sources = OwnSources(storage, OneFeed(storage), most=3)
    watching, changing = Watching(storage, search), Changing(storage, search)
    return Resources(
        renderer=renderer,
        access=access,
        limits=USUAL_LIMITS,
        links=LINKS,
        mailer=mailer,
        arrivals=Arrivals(storage, access),
        channels=Channels(storage),
        moving=Moving(storage),
        admins=Admins(storage, access),
        topics=Topics(storage),
        watching=watching,
        settings=ChatSettings(storage),
        schedule=Schedule(storage),
        restraint=Restraint(storage),
        looks=Looks(storage),
        tastes=Tastes(storage),
        proposing=Proposing(storage),
        erasing=Erasing(storage),
        search=search,
        adding=adding or FakeAdding(),
        feed_lists=FeedLists(storage, ReadsHere()),
        looking=looking or FakeLooking(),
        own_sources=own_sources,
        storage=storage,
        feeds=Feeds(storage, LINKS, Topics(storage)),
        mailboxes=Mailboxes(storage, renderer, mailer),
        audit=Audit(storage),
        overview=LooksAfter(storage, MONDAY_NOON - timedelta(days=12), errors),
        changing=changing,
        exporting=Exporting(storage),
        allowing=Allowing(storage),
        importing=Importing(storage, Topics(storage), watching, changing, own_sources),
        outlets=Outlets(storage, search),
        feedback=FeedbackDesk(storage, renderer, frozenset({ADMIN})),
        bans=Bans(storage, access, renderer),
        broadcasts=Broadcasts(storage, renderer),
        cataloguing=Cataloguing(storage, search),
        chats=ChatList(storage),
        invites=Invites(storage, access),
        sharing=Sharing(storage),
        unanswered=Unanswered(storage),
    )
