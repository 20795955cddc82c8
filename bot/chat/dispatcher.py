"""The dispatcher: the middlewares that an update passes, and the routers, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Dispatcher, Router

from bot.chat import middlewares
from bot.chat.handlers import (
    account,
    alerts,
    digest,
    email,
    feeds,
    groups,
    join,
    search,
    settings,
    start,
    subscriptions,
    text,
)
from bot.chat.handlers.admin import make_router as make_admin_router
from bot.chat.handlers.search import Turns
from bot.chat.permissions import Administrators
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
    resources: Resources,
    renderer: Renderer,
    pauses_seconds: Sequence[float] = middlewares.PAUSES_SECONDS,
    press_seconds: float = middlewares.PRESS_SECONDS,
) -> Dispatcher:
    """Return a dispatcher without dialog state: each update says all that is needed.

    *pauses_seconds*: between two tries of an update while the database is away. *press_seconds*:
    after how long a press is answered that waits for the database.
    """
    administrators = Administrators()
    dispatcher = Dispatcher(
        disable_fsm=True,
        resources=resources,
        renderer=renderer,
        administrators=administrators,
        turns=Turns(),
    )
    errors = middlewares.ErrorMiddleware(pauses_seconds)
    for observer in (*_observers(dispatcher), dispatcher.my_chat_member):
        observer.outer_middleware(middlewares.ReplyMiddleware(renderer))
        observer.outer_middleware(middlewares.PressMiddleware(press_seconds))
        observer.outer_middleware(errors)
        observer.outer_middleware(middlewares.RateLimitMiddleware())
    if resources.is_playground:
        dispatcher.message.outer_middleware(middlewares.FirstAdminMiddleware())
    # A user without access may block the bot, and open the admin's link or an invitation.
    dispatcher.include_routers(
        groups.make_router(),
        search.make_inline_router(),
        join.make_router(),
        _user_router(administrators),
    )
    return dispatcher


def _user_router(administrators: Administrators) -> Router:
    """Return the router of users with access, and in groups of what is for the bot."""
    router = Router(name="users")
    for observer in _observers(router):
        observer.outer_middleware(middlewares.GroupMiddleware())
        observer.outer_middleware(middlewares.UserMiddleware(administrators))
        observer.middleware(middlewares.PermissionMiddleware(administrators))
        observer.middleware(Waiting())
    router.include_routers(
        search.make_own_router(),
        account.make_router(),
        make_admin_router(),
        start.make_router(),
        subscriptions.make_router(),
        digest.make_router(),
        email.make_router(),
        search.make_router(),
        settings.make_router(),
        alerts.make_router(),
        feeds.make_router(),
        groups.make_command_router(),
        account.make_file_router(),
        groups.make_last_router(),
        text.make_router(),
        text.make_last_router(),
    )
    return router


def _observers(router: Router) -> tuple[TelegramEventObserver, ...]:
    """Return those of the updates that a user waits for a reply to."""
    return router.message, router.edited_message, router.callback_query
