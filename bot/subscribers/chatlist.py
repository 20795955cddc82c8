"""The chats there are, for whoever runs the bot."""

from bot.subscribers.errors import NoSuchChat
from bot.subscribers.paging import Page, page_number
from storage.db.engine import Storage
from storage.users import ChatListed, chat_listed, chats_listed, count_chats

PER_PAGE = 8


async def chat_page(storage: Storage, wanted: int = 0) -> Page[ChatListed]:
    async with storage.reading() as tx:
        total = await count_chats(tx)
        number = page_number(wanted, total, PER_PAGE)
        listed = await chats_listed(tx, offset=number * PER_PAGE, limit=PER_PAGE)
    return Page(listed, number, total, PER_PAGE)


async def get_chat(storage: Storage, chat_id: int) -> ChatListed:
    async with storage.reading() as tx:
        found = await chat_listed(tx, chat_id)
    if found is None:
        raise NoSuchChat
    return found
