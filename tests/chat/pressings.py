"""Every button that the chat knows, with whatever it may carry; found by themselves.

A class of data that is added is pressed without a word here, unless a field of a new kind stands
in it: then its values are named in `CARRIED`.
"""

from __future__ import annotations

import importlib
import pkgutil
from enum import Enum
from itertools import count, product
from typing import TYPE_CHECKING, Any

from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.types import Update

import bot.chat
from bot.chat.callbacks import AdminButton

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aiogram import Router

CARRIED: dict[str, list[Any]] = {
    "asked_at": [0, 1_780_000_000],
    "code": ["ja", ""],
    "day": [0, 20261118],
    "days": [1, 7],
    "end": [420],
    "invite_code": ["ABCDEFGHIJKLMNOP"],
    "language": ["en", ""],
    "minutes": [480],
    "name": ["Asia/Tokyo"],
    "number": [0, 1],
    "page": [0, 1],
    "steps": [1],
    "schedule_number": [0],
    "start": [1320],
    "subject": [0, 1],
    "times": ["480-127"],
    "uses": [1],
    "weekdays": [31],
    "words": ["okapi", ""],
}
_MOST = 24  # of one class; what comes after is alike
_numbers = count(1)  # no two updates have the same


def classes() -> list[type[CallbackData]]:
    for module in pkgutil.walk_packages(bot.chat.__path__, "bot.chat."):
        importlib.import_module(module.name)
    return sorted(
        (
            one
            for one in _below(CallbackData)
            if one.__module__.startswith("bot.chat") and one is not AdminButton
        ),
        key=lambda one: one.__name__,
    )


def data_of(kind: type[CallbackData], ids: Mapping[str, list[int]]) -> list[str]:
    """Return what buttons of the kind may say; *ids* by table for `topic_id` and the like."""
    values = [
        _values(kind, name, facts.annotation, ids) for name, facts in kind.model_fields.items()
    ]
    made = [
        kind(**dict(zip(kind.model_fields, chosen, strict=True))) for chosen in product(*values)
    ]
    return [one.pack() for one in made[:_MOST]]


def commands_of(router: Router) -> list[str]:
    """Return every command that a handler below *router* is registered for."""
    found = {
        str(command)
        for one in router.chain_tail
        for handler in one.message.handlers
        for asked in handler.filters or ()
        if isinstance(asked.callback, Command)
        for command in asked.callback.commands
    }
    return sorted(found)


def press(person: int, data: str, language: str = "en", **message: Any) -> Update:
    """Return the press of a button under a card, as Telegram tells of it."""
    number = next(_numbers)
    private = {"id": person, "type": "private", "first_name": "Eve"}
    shown = {
        "message_id": 1,
        "date": 1,
        "chat": private,
        "from": {"id": 1, "is_bot": True, "first_name": "Dateline"},
        "text": "okapi",
        "entities": [{"type": "code", "offset": 0, "length": 5}],
    }
    query = {"id": str(number), "from": _who(person, language), "chat_instance": "1", "data": data}
    return _update(number, callback_query=query | {"message": shown | message})


def say(person: int, text: str, language: str = "en", **facts: Any) -> Update:
    number = next(_numbers)
    private = {"id": person, "type": "private", "first_name": "Eve"}
    message = {"message_id": number, "date": 1, "chat": private, "from": _who(person, language)}
    if text.startswith("/"):
        length = len(text.split(maxsplit=1)[0])
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
    return _update(number, message=message | {"text": text} | facts)


def _update(number: int, **event: Any) -> Update:
    return Update.model_validate({"update_id": number, **event})


def _who(person: int, language: str) -> dict[str, Any]:
    return {"id": person, "is_bot": False, "first_name": "Eve", "language_code": language}


def _values(
    kind: type[CallbackData], name: str, annotation: Any, ids: Mapping[str, list[int]]
) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return list(annotation)
    if annotation is bool:
        return [True, False]
    if name.endswith("_id"):
        return ids.get(name.removesuffix("_id")) or [1]
    assert name in CARRIED, f"say in CARRIED what {name} of {kind.__name__} may be"
    return CARRIED[name]


def _below(kind: type[CallbackData]) -> Iterator[type[CallbackData]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)
