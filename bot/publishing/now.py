"""The digest on demand: what has gathered since the last edition, and all of what one counted.

Nothing is changed by either.
"""

from dataclasses import dataclass
from datetime import date

from bot.publishing.pages import Edition, edition_page, section_page
from bot.publishing.publish.gathering import gather
from bot.publishing.publish.readers import reader_of
from bot.publishing.reading import Reading
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from storage.chats import Chat
from storage.db.engine import Storage


@dataclass(frozen=True, slots=True)
class DigestNow:
    storage: Storage
    renderer: Renderer

    async def show(self, chat_id: int) -> list[Message]:
        """Return the digest of the chat's row so far; LookupError if there is no such row."""
        return edition_page(self.renderer, await self._so_far(chat_id))

    async def show_all(
        self,
        chat_id: int,
        topic_id: int,
        day: date | None = None,
        slot: int = 0,
        *,
        language: str = "",
    ) -> list[Message]:
        """Return every story of a topic in the edition of a local date, or in the digest so far.

        Of an edition or a topic that is gone, the line that says so. *language*: the tag of what
        the chat is spoken to in.
        """
        edition = (
            await Reading(self.storage).edition(chat_id, day, slot)
            if day
            else await self._so_far(chat_id)
        )
        return section_page(self.renderer.of(language), edition, topic_id)

    async def _so_far(self, chat_id: int) -> Edition:
        async with self.storage.reading() as tx:
            chat = await tx.session.get(Chat, chat_id)
            if chat is None:
                raise LookupError(f"no chat {chat_id}")
            return (await gather(tx, [await reader_of(tx, chat)]))[chat_id]
