"""The dispatcher: which router sees an update first, and what it passes on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Dispatcher, Router

from bot.chat.administrators import Administrators
from bot.chat.handlers import (
    admin_link,
    alerts,
    channels,
    digest,
    email,
    erasing,
    exporting,
    feedback,
    feeds,
    files,
    groups,
    here,
    invite_link,
    links,
    memberships,
    own_sources,
    schedule,
    search,
    settings,
    sources,
    start,
    subscriptions,
    text,
)
from bot.chat.handlers import help as help_handlers
from bot.chat.handlers.admin import make_router as make_admin_router
from bot.chat.handlers.search import Turns
from bot.chat.middlewares.addressing import Addressing
from bot.chat.middlewares.answering import Answering
from bot.chat.middlewares.appointing import Appointing
from bot.chat.middlewares.arriving import Arriving
from bot.chat.middlewares.calming import Calming
from bot.chat.middlewares.guarding import PAUSES_SECONDS, Guarding
from bot.chat.middlewares.permitting import Permitting
from bot.chat.questions import Waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiogram.dispatcher.event.telegram import TelegramEventObserver

    from bot.rendering.renderer import Renderer
    from bot.resources import Resources

ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "inline_query",
    "my_chat_member",
    "chat_member",
)


def make_dispatcher(
    resources: Resources, renderer: Renderer, pauses_seconds: Sequence[float] = PAUSES_SECONDS
) -> Dispatcher:
    """Return a dispatcher without dialog state: each update says all that is needed.

    *pauses_seconds*: after which a database that is away is asked again.
    """
    administrators = Administrators()
    dispatcher = Dispatcher(
        disable_fsm=True,
        resources=resources,
        renderer=renderer,
        administrators=administrators,
        turns=Turns(),
    )
    guarding = Guarding(pauses_seconds)
    for observer in (*_observers(dispatcher), dispatcher.my_chat_member):
        observer.outer_middleware(Answering(renderer))
        observer.outer_middleware(guarding)
        observer.outer_middleware(Calming())
    if resources.is_playground:
        dispatcher.message.outer_middleware(Appointing())
    # Strangers may bring the admin's link or an invitation, and tell that they block the bot.
    dispatcher.include_routers(
        groups.make_router(),
        memberships.make_router(),
        search.make_inline_router(),
        admin_link.make_router(),
        invite_link.make_router(),
        _front_door(administrators),
    )
    return dispatcher


def _front_door(administrators: Administrators) -> Router:
    """Return what guests may ask for; of a group they hear what is meant for the bot."""
    router = Router(name="front door")
    for observer in _observers(router):
        observer.outer_middleware(Addressing())
        observer.outer_middleware(Arriving(administrators))
        observer.middleware(Permitting(administrators))
        observer.middleware(Waiting())
    router.include_routers(
        search.make_own_router(),
        feedback.make_router(),
        make_admin_router(),
        start.make_router(),
        subscriptions.make_router(),
        digest.make_router(),
        email.make_router(),
        search.make_router(),
        settings.make_router(),
        schedule.make_router(),
        alerts.make_router(),
        feeds.make_router(),
        help_handlers.make_router(),
        exporting.make_router(),
        erasing.make_router(),
        here.make_router(),
        channels.make_router(),
        sources.make_router(),
        own_sources.make_router(),
        links.make_router(),
        files.make_router(),
        groups.make_last_router(),
        text.make_router(),
        text.make_last_router(),
    )
    return router


def _observers(router: Router) -> tuple[TelegramEventObserver, ...]:
    """Those of the updates that somebody waits for an answer to."""
    return router.message, router.edited_message, router.callback_query
