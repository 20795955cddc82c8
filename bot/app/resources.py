"""The resources that the chat and the pages share, and the services of the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.app.mails import make_mailer
from bot.app.menus import Menus
from bot.resources import Resources
from bot.settings import Access as WhoMay
from bot.sources.discovery.add import Form, SourceAdder, SourceOptions
from bot.sources.discovery.discover import LinkLookup
from bot.subscribers.access import Access
from bot.subscribers.limits import Limits
from bot.web.miniapp.routes import MiniApp

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
    tools, place = around.tools, around.place
    access = Access(
        is_open=place.access is WhoMay.OPEN,
        invites=place.access is WhoMay.INVITE,
        allowed=around.settings.allowed_ids,
        admins=around.settings.admin_ids,
    )
    return Resources(
        storage=around.storage,
        renderer=renderer,
        access=access,
        limits=limits_for_all(around.settings),
        links=around.links,
        mailer=make_mailer(around),
        source_adder=SourceAdder(around.storage, tools.fetcher, tools.reader),
        own_source_adder=make_own_source_adder(tools),
        link_lookup=LinkLookup(tools.fetcher, tools.reader, place.newsroom_url),
        opml_reader=tools.reader,
        started_at=around.started_at,
        errors=around.errors.newest,
        is_playground=place.newsroom is not None,
        app_url=place.app_url,
    )


def make_own_source_adder(tools: SourceTools) -> SourceAdder:
    """What chats add reaches nothing inside, and them alone."""
    return SourceAdder(
        tools.storage,
        tools.fetcher,
        tools.reader,
        public=False,
        options=SourceOptions(form=Form.FEED),  # no page is read for a single chat
    )


def limits_for_all(settings: Settings) -> Limits:
    return Limits(
        topics=settings.topics_per_chat,
        feeds=settings.feeds_per_chat,
        alerts=settings.alerts_per_chat,
    )


def make_mini_app(around: Surroundings, resources: Resources) -> MiniApp:
    place = around.place
    return MiniApp(
        token=place.token,
        resources=resources,
        press=Buttons(),
        frames=place.frames,
        menus=Menus(place, around.renderer),
    )
