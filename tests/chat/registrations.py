"""The handlers of the real dispatcher, and how each is registered."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

from aiogram import Dispatcher, Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData, CallbackQueryFilter

from bot.chat.dispatcher import make_dispatcher
from bot.chat.permissions import Permission
from bot.rendering.renderer import Renderer
from bot.resources import Resources


def real_dispatcher() -> Dispatcher:
    """Return a dispatcher with all handlers and no resources."""
    return make_dispatcher(
        cast("Resources", SimpleNamespace(is_playground=False, storage=None)), Renderer()
    )


def handlers_of(router: Router) -> Iterator[HandlerObject]:
    """Yield all handlers below *router* except aiogram's own dispatching one."""
    for inner in router.chain_tail:
        for name, observer in inner.observers.items():
            if name != "update":
                yield from observer.handlers


def commands_of(router: Router) -> list[str]:
    """Return every command with a handler below *router*."""
    return sorted(
        str(command)
        for handler in handlers_of(router)
        for used in _filters(handler, Command)
        for command in used.commands
    )


def buttons_of(router: Router, permission: Permission) -> set[type[CallbackData]]:
    """Return the kinds of buttons whose handlers are registered with *permission*."""
    return {
        used.callback_data
        for handler in handlers_of(router)
        if handler.flags["permission"] is permission
        for used in _filters(handler, CallbackQueryFilter)
    }


def kinds_of(router: Router) -> set[type[CallbackData]]:
    """Return the kinds of buttons that the handlers of *router* itself take."""
    return {
        used.callback_data
        for handler in router.callback_query.handlers
        for used in _filters(handler, CallbackQueryFilter)
    }


def _filters(handler: HandlerObject, kind: type[Any]) -> list[Any]:
    used = [each.callback for each in handler.filters or ()]
    return [each for each in used if isinstance(each, kind)]
