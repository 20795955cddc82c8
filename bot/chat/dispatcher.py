"""The dispatcher: middlewares and routers, in the order in which an update passes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Dispatcher, Router

from bot.chat import middlewares
from bot.chat.administrators import Administrators
from bot.chat.handlers import (
    account,
    admin,
    admin_catalogue,
    admin_source_access,
    alerts,
    channel_sources,
    digest,
    email,
    feeds,
    groups,
    search,
    settings,
    source_settings,
    start,
    stories,
    subscriptions,
    text,
    topic_options,
    trends,
)
from bot.chat.handlers.search import Turns
from bot.chat.permissions import ButtonPermissions, skip_buttons_of_others
from bot.chat.private_answers import PrivateAnswerMiddleware
from bot.chat.rate_limit import RateLimiter

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
    "message_reaction",
    "my_chat_member",
    "chat_member",
    "channel_post",
    "edited_channel_post",
)


def make_dispatcher(
    resources: Resources,
    renderer: Renderer,
    pauses_seconds: Sequence[float] = middlewares.PAUSES_SECONDS,
    press_seconds: float = middlewares.PRESS_SECONDS,
    limiter: RateLimiter | None = None,
) -> Dispatcher:
    """Return the dispatcher, without aiogram's dialog state, which the bot does not need.

    *pauses_seconds*: the pauses between retries of an update while the database is away.
    *press_seconds*: how long a press may wait for the database before the user gets a message about
    it. *limiter*: the limiter of the queue before the dispatcher, which learns who is an admin.
    """
    administrators = Administrators(resources.storage)
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
    for update in ALLOWED_UPDATES:
        permissions = middlewares.PermissionMiddleware(administrators)
        dispatcher.observers[update].middleware(permissions)
    dispatcher.include_routers(
        groups.make_service_router(),
        channel_sources.make_post_router(),
        search.make_inline_router(),
        start.make_join_router(),
        text.make_reaction_router(),
        _user_router(administrators, limiter or RateLimiter()),
    )
    return dispatcher


def _user_router(administrators: Administrators, limiter: RateLimiter) -> Router:
    """Return the router for users with access; in groups, only messages for the bot reach it."""
    router = Router(name="users")
    router.include_routers(
        search.make_own_router(),
        account.make_router(),
        admin.make_router(),
        admin_catalogue.make_router(),
        admin_source_access.make_router(),
        start.make_router(),
        text.make_argument_router(),
        subscriptions.make_router(),
        topic_options.make_router(),
        trends.make_router(),
        digest.make_router(),
        stories.make_router(),
        email.make_router(),
        search.make_router(),
        settings.make_router(),
        alerts.make_router(),
        feeds.make_router(),
        source_settings.make_router(),
        groups.make_router(),
        channel_sources.make_router(),
        account.make_file_router(),
        text.make_router(),
        text.make_typed_router(),
        text.make_last_router(),
    )
    for inner in router.sub_routers:
        skip_buttons_of_others(inner)
    buttons = ButtonPermissions(router)
    maintained = middlewares.MaintenanceMiddleware()
    for observer in _observers(router):
        observer.outer_middleware(middlewares.GroupMiddleware())
        observer.outer_middleware(middlewares.UserMiddleware(administrators, buttons, limiter))
        observer.outer_middleware(maintained)
        observer.middleware(PrivateAnswerMiddleware())
        observer.middleware(middlewares.QuestionMiddleware())
    return router


def _observers(router: Router) -> tuple[TelegramEventObserver, ...]:
    """Return the observers of updates whose users wait for a reply."""
    return router.message, router.edited_message, router.callback_query
