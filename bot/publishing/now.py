"""The digest on demand: what has gathered since the last edition. It changes nothing."""

from dataclasses import dataclass

from bot.publishing.pages import now_page
from bot.publishing.publish.gathering import gather, reach
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from storage.chats import Chat
from storage.editions import last_editions
from storage.engine import Storage


@dataclass(frozen=True, slots=True)
class DigestNow:
    storage: Storage
    renderer: Renderer

    async def show(self, chat_id: int) -> list[Message]:
        """Return the digest of the chat's row so far; LookupError if there is no such row."""
        async with self.storage.reading() as unit:
            chat = await unit.session.get(Chat, chat_id)
            if chat is None:
                raise LookupError(f"no chat {chat_id}")
            last = await last_editions(unit, chat_id)
            edition = await gather(unit, chat, reach(last.made_at, unit.now))
        return now_page(self.renderer, edition)
