"""Exporting all people, chat by chat, in as much memory as some of them take."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from bot.subscribers import exporting
from bot.subscribers.exports import moment
from bot.subscribers.limits import Limited
from bot.subscribers.people import first_line, last_line, line_of
from storage.db.engine import Storage
from storage.users import UserData, users_after

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class ExportingPeople:
    """*bot* is the number of the bot, in front of the colon of its token."""

    storage: Storage
    bot: int | None = None

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield the file, line by line; each chat is as it is at one moment."""
        last, count = 0, 0
        async with self.storage.reading() as tx:
            yield first_line(self.bot, tx.now)
        while people := await self._next(last):
            for person in people:
                yield line_of(_parts(person))
            last, count = people[-1].chat.id, count + len(people)
        yield last_line(count)

    async def _next(self, last: int) -> list[UserData]:
        async with self.storage.reading() as tx:
            return await users_after(tx, last, _AT_ONCE)


def _parts(person: UserData) -> dict[str, Any]:
    chat = person.chat
    return {
        "chat": {
            "telegram_id": chat.telegram_id,
            "thread_id": chat.thread_id,
            "kind": chat.kind,
            "thread_name": chat.thread_name,
            "chosen_language": chat.chosen_language,
            "invited_by": chat.invited_by,
            "admitted": person.is_admitted,
        },
        "settings": exporting.settings(chat),
        "digests": [exporting.slot(slot) for slot in person.slots],
        "topics": [
            exporting.topic(one, exporting.muted_in(person.muted, one.topic.id))
            for one in person.watched
        ],
        "mutes": [
            {"kind": one.kind, "url": one.url, "until": moment(one.until)} for one in person.mutes
        ],
        "sources": [exporting.source(one) for one in person.sources],
        "mailbox": exporting.mailbox(person.mailbox),
        "limits": {
            kind.value: number
            for kind in Limited
            if (number := getattr(person.allowance, kind.value, None)) is not None
        },
    }
