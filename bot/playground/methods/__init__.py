"""The methods of the Bot API that the playground knows, by noun; each takes a Call."""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.playground.call import Call
from bot.playground.methods import (
    callbacks,
    chats,
    editing,
    files,
    forum,
    inline,
    polling,
    profile,
    sending,
)

Method = Callable[[Call], Any | Awaitable[Any]]

METHODS: dict[str, Method] = {
    name.lower(): method
    for noun in (callbacks, chats, editing, files, forum, inline, polling, profile, sending)
    for name, method in noun.METHODS.items()
}
