"""How an edition looks on each medium by which a chat gets its digests."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from bot.publishing.pages import Edition, edition_page
from bot.publishing.publish.outbox import Body
from bot.rendering.renderer import Renderer
from storage.chats import Chat
from storage.words import Medium

# The bodies are the parts of one edition, in the order in which they are sent.
Layout: TypeAlias = Callable[[Renderer, Edition], Sequence[Body]]


def layouts_for(_chat: Chat) -> Mapping[Medium, Layout]:
    return {Medium.TELEGRAM: edition_page}
