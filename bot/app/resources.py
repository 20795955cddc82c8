"""The use cases that the chat and the pages open, built for one process."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.app.mails import make_bounces, make_mailer
from bot.app.menus import Menus
from bot.mail.confirm import Mailboxes
from bot.matching.search import Search
from bot.publishing.contents import load_made_digest
from bot.publishing.published_feeds import read_published_feed
from bot.resources import Resources
from bot.settings import Access as WhoMay
from bot.sources.discovery.add import Form, SourceAdder, SourceOptions
from bot.sources.discovery.discover import LinkLookup
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
from bot.subscribers.managing import Managing
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
from bot.web.app.mini_app import MiniApp
from bot.web.site import WebServices

if TYPE_CHECKING:
    from bot.app.surroundings import Surroundings
    from bot.app.tools import SourceTools
    from bot.rendering.renderer import Renderer
    from bot.settings import Settings


class Buttons:
    """The chat's buttons, read where a page names one: they bring Telegram's library along."""

    def __getattr__(self, name: str) -> object:
        from bot.chat import callbacks

        return getattr(callbacks, name)


def make_resources(around: Surroundings, renderer: Renderer) -> Resources:
    storage, tools = around.storage, around.tools
    access = Access(
        is_open=around.place.access is WhoMay.OPEN,
        invites=around.place.access is WhoMay.INVITE,
        allowed=around.settings.allowed_ids,
        admins=around.settings.admin_ids,
    )
    search = Search(storage)
    usual = limits_for_all(around.settings)
    watching, changing = Watching(storage, search, usual), Changing(storage, search)
    own_sources = make_own_sources(tools, usual.feeds)
    mailer = make_mailer(around)
    return Resources(
        renderer=renderer,
        access=access,
        limits=usual,
        links=around.links,
        mailer=mailer,
        arrivals=Arrivals(storage, access),
        channels=Channels(storage),
        moving=Moving(storage),
        admins=Admins(storage, access, is_for_first=around.place.newsroom is not None),
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
        adding=SourceAdder(storage, tools.fetcher, tools.reader),
        feed_lists=FeedLists(storage, tools.reader),
        looking=LinkLookup(tools.fetcher, tools.reader),
        own_sources=own_sources,
        storage=storage,
        feeds=Feeds(storage, around.links, Topics(storage)),
        mailboxes=Mailboxes(storage, renderer, mailer),
        audit=Audit(storage),
        overview=LooksAfter(storage, around.started_at, around.errors.newest),
        changing=changing,
        exporting=Exporting(storage),
        allowing=Allowing(storage, usual),
        importing=Importing(storage, Topics(storage), watching, changing, own_sources),
        outlets=Outlets(storage, search),
        feedback=FeedbackDesk(storage, renderer, around.settings.admin_ids),
        bans=Bans(storage, access, renderer),
        broadcasts=Broadcasts(storage, renderer),
        cataloguing=Cataloguing(storage, search),
        chats=ChatList(storage),
        invites=Invites(storage, access),
        sharing=Sharing(storage),
        unanswered=Unanswered(storage),
        app_url=around.place.app_url,
    )


def make_own_sources(tools: SourceTools, most: int) -> OwnSources:
    """What chats add reaches nothing inside, and them alone."""
    adder = SourceAdder(
        tools.storage,
        tools.fetcher,
        tools.reader,
        public=False,
        options=SourceOptions(form=Form.FEED),  # no page is read for a single chat
    )
    return OwnSources(tools.storage, adder, most)


def limits_for_all(settings: Settings) -> Limits:
    return Limits(
        topics=settings.topics_per_chat,
        feeds=settings.feeds_per_chat,
        alerts=settings.alerts_per_chat,
    )


def make_mini_app(around: Surroundings) -> MiniApp:
    place = around.place
    return MiniApp(
        token=place.token,
        resources=make_resources(around, around.renderer),
        press=Buttons(),
        frames=place.frames,
        menus=Menus(place, around.renderer),
    )


def make_web_services(around: Surroundings) -> WebServices:
    storage = around.storage
    watching = Watching(storage, Search(storage), limits_for_all(around.settings))
    mailboxes = Mailboxes(storage, around.renderer, make_mailer(around))
    return WebServices(
        made_digest=partial(load_made_digest, storage),
        published_feed=partial(read_published_feed, storage, around.renderer, around.links),
        managing=Managing(storage, Topics(storage), watching, ChatSettings(storage), mailboxes),
        mailboxes=mailboxes,
        returns=make_bounces(around),
        app=make_mini_app(around) if around.place.app_url else None,
    )
