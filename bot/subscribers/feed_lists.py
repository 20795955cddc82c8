"""Lists of feeds that a chat sends: counted first, added once it says yes."""

from collections.abc import Sequence
from typing import Protocol

from bot.sources.discovery.opml import Outline
from bot.subscribers.errors import NoSuchList
from storage.chats import lock_chat
from storage.db.engine import Storage
from storage.feeds_followed import count_lines, create_import, start_import

MOST_LINES = 1000
_LONGEST_URL = 2000


class ReadsLists(Protocol):
    """Reads OPML where that cannot hold up anything else."""

    async def outlines(self, data: bytes, /) -> Sequence[Outline]: ...


async def read_list(data: bytes, *, opml_reader: ReadsLists) -> list[str]:
    """Return the addresses that a list gives; raises `Unreadable`."""
    return [outline.url or outline.site for outline in await opml_reader.outlines(data)]


async def keep_list(storage: Storage, chat_id: int, urls: Sequence[str]) -> tuple[int, int]:
    """Keep the list for a day; return its id and how many feeds of it would be tried."""
    kept = [url for url in dict.fromkeys(urls) if 0 < len(url) <= _LONGEST_URL][:MOST_LINES]
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        return await create_import(tx, chat_id, kept), len(kept)


async def add_list(storage: Storage, chat_id: int, list_id: int, message_id: int) -> int:
    """Let its feeds be added, and told of in that message; return how many they are."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        if not await start_import(tx, chat_id, list_id, message_id):
            raise NoSuchList
        _, total = await count_lines(tx, list_id)
    return total
