"""Saved stories: a chat's list of stories to read later, which outlives the articles."""

from collections.abc import Collection, Mapping
from functools import partial

from bot.sources.drafts import digest, url_hash
from bot.subscribers.errors import NoSuchStory, TooManySaved
from bot.subscribers.export_document import ExportedStory
from bot.subscribers.limits import MOST_SAVED
from bot.subscribers.paging import ListPage, load_page
from storage.chats import lock_chat
from storage.db.engine import Storage, Transaction
from storage.publishers import first_publisher_names
from storage.saved_stories import (
    SavedStory,
    count_saved,
    save_stories,
    saved_at,
    saved_stories,
    sent_story,
)
from storage.saved_stories import unsave as delete_saved


async def save(storage: Storage, chat_id: int, story_id: int) -> None:
    """Save a story that the chat was sent. Raises NoSuchStory or TooManySaved."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        story = await sent_story(tx, chat_id, story_id)
        if story is None:
            raise NoSuchStory
        if await saved_at(tx, chat_id, story.url_hash):
            return
        if await count_saved(tx, chat_id) >= MOST_SAVED:
            raise TooManySaved(MOST_SAVED)
        names = await first_publisher_names(tx, [story.article_id], chat_id)
        row = {
            "chat_id": chat_id,
            "story_id": story_id,
            "article_id": story.article_id,
            "title": story.title,
            "url": story.url,
            "url_hash": story.url_hash,
            "publisher": names.get(story.article_id, ""),
        }
        await save_stories(tx, [row])


async def unsave(storage: Storage, chat_id: int, saved_id: int) -> None:
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        await delete_saved(tx, chat_id, saved_id)


async def unsave_story(storage: Storage, chat_id: int, story_id: int) -> None:
    """Undo `save`."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        story = await sent_story(tx, chat_id, story_id)
        saved = await saved_at(tx, chat_id, story.url_hash) if story else None
        if saved:
            await delete_saved(tx, chat_id, saved.id)


async def list_saved(storage: Storage, chat_id: int, page: int = 0) -> ListPage[SavedStory]:
    async with storage.reading() as tx:
        total = await count_saved(tx, chat_id)
        return await load_page(partial(saved_stories, tx, chat_id), page, total)


async def import_saved(tx: Transaction, chat_id: int, stories: Collection[ExportedStory]) -> int:
    """Add exported *stories* as far as the limit allows; return how many are new.

    The chat must be locked.
    """
    room = MOST_SAVED - await count_saved(tx, chat_id)
    rows: dict[str, Mapping[str, object]] = {}
    for story in stories:
        hashed = _identity(story)
        if len(rows) < room and not await saved_at(tx, chat_id, hashed):
            rows[hashed] = {
                "chat_id": chat_id,
                "title": story.title,
                "url": story.url,
                "url_hash": hashed,
                "publisher": story.publisher,
                "saved_at": min(story.saved_at, tx.now),
            }
    # The last of an export was saved first.
    return await save_stories(tx, list(rows.values())[::-1])


def _identity(story: ExportedStory) -> str:
    """Return the hash of the address; for a letter without a page that of the letter.

    A letter without either is identified by its content, since export files may be handwritten.
    """
    if story.url:
        return url_hash(story.url)
    return story.letter or digest(f"{story.publisher}\n{story.title}")
