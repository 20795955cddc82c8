"""Every button of the chat with all data that it can carry, and a chat with rows in every table.

New callback classes are found automatically. A field with a new name needs values in `CARRIED`.
"""

import importlib
import pkgutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from enum import Enum
from itertools import count, product
from pathlib import Path
from typing import Any

from aiogram.filters.callback_data import CallbackData
from aiogram.types import Update
from sqlmodel import select

import bot.chat
from bot.subscribers import subscriptions, users
from bot.subscribers.users import Sender
from storage.enums import Mode
from storage.feeds_followed import follow
from storage.topics import Topic
from tests.belongings import fill
from tests.chat.conftest import House, add_feed

CARRIED: dict[str, list[Any]] = {
    "after": ["00000000"],
    "asked_at": [0, 1_780_000_000],
    "before": ["", "480-127"],
    "code": ["ja", ""],
    "day": [0, 20261118],
    "days": [1, 7],
    "end": [420],
    "hours": [0, 24],
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
    "token": ["0" * 32],
    "uses": [1],
    "was": [None, Mode.BOTH],
    "weekdays": [31],
    "words": ["okapi", ""],
    "zone": ["", "Asia/Tokyo"],
}
_MOST = 24  # buttons of one class; further ones would be alike
_numbers = count(1)  # update numbers, each used once


def classes() -> list[type[CallbackData]]:
    for module in pkgutil.walk_packages(bot.chat.__path__, "bot.chat."):
        importlib.import_module(module.name)
    return sorted(
        (kind for kind in _below(CallbackData) if kind.__module__.startswith("bot.chat")),
        key=lambda kind: kind.__name__,
    )


def data_of(kind: type[CallbackData], ids: Mapping[str, list[int]]) -> list[str]:
    """Return the data that buttons of *kind* may carry; *ids* are row ids by table."""
    values = [
        _values(kind, name, facts.annotation, ids) for name, facts in kind.model_fields.items()
    ]
    made = [
        kind(**dict(zip(kind.model_fields, chosen, strict=True))) for chosen in product(*values)
    ]
    return [one.pack() for one in made[:_MOST]]


def press(user_id: int, data: str, language: str = "en", **message: Any) -> Update:
    """Return the update for the press of a button under a card."""
    number = next(_numbers)
    private = {"id": user_id, "type": "private", "first_name": "Eve"}
    shown = {
        "message_id": 1,
        "date": 1,
        "chat": private,
        "from": {"id": 1, "is_bot": True, "first_name": "Dateline"},
        "text": "okapi",
        "entities": [{"type": "code", "offset": 0, "length": 5}],
    }
    query = {"id": str(number), "from": _who(user_id, language), "chat_instance": "1", "data": data}
    return _update(number, callback_query=query | {"message": shown | message})


def say(user_id: int, text: str, language: str = "en", **facts: Any) -> Update:
    number = next(_numbers)
    private = {"id": user_id, "type": "private", "first_name": "Eve"}
    message = {"message_id": number, "date": 1, "chat": private, "from": _who(user_id, language)}
    if text.startswith("/"):
        length = len(text.split(maxsplit=1)[0])
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
    return _update(number, message=message | {"text": text} | facts)


def _update(number: int, **event: Any) -> Update:
    return Update.model_validate({"update_id": number, **event})


def _who(user_id: int, language: str) -> dict[str, Any]:
    return {"id": user_id, "is_bot": False, "first_name": "Eve", "language_code": language}


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


async def add_owner(house: House, sender: Sender, feed: str, title: str, name: str = "") -> int:
    """Give the chat of *sender* a row in every table; return its id.

    It subscribes to "okapi", named *name* if given, and follows a feed titled *title*.
    """
    storage = house.storage
    user = await users.identify(storage, sender, access=house.resources.access)
    assert user
    await subscriptions.subscribe(
        storage, user.chat_id, "okapi", Mode.BOTH, limits=house.resources.limits
    )
    async with storage.writing() as tx:
        (topic,) = await tx.session.exec(select(Topic).where(Topic.chat_id == user.chat_id))
        topic.name = name or topic.name
        await follow(tx, user.chat_id, await add_feed(tx, feed, title=title))
    await fill(storage, user.chat_id)
    return user.chat_id


class Commits:
    """Counts the commits to a database, so that unchanged rows need not be read again."""

    def __init__(self, path: Path) -> None:
        self._observer = sqlite3.connect(path)

    def latest(self) -> int:
        """Return a number that every commit of any connection changes."""
        (number,) = self._observer.execute("PRAGMA data_version").fetchone()
        return int(number)

    def close(self) -> None:
        self._observer.close()


class Kept:
    """A copy of a database, for restoring it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commits = Commits(path)
        self._copy = sqlite3.connect(":memory:")
        with closing(sqlite3.connect(path)) as ours:
            ours.backup(self._copy)
        self._copied_at = self.commits.latest()

    def put_back(self) -> None:
        if self.commits.latest() == self._copied_at:
            return  # each restoring makes every connection read the schema again
        with closing(sqlite3.connect(self.path)) as ours:
            self._copy.backup(ours)
        self._copied_at = self.commits.latest()

    def close(self) -> None:
        self._copy.close()
        self.commits.close()
