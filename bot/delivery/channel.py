"""What every channel can do: send a frozen message, change it, say whether it is up."""

from dataclasses import dataclass
from typing import Protocol

from bot.rendering.messages import Message


@dataclass(frozen=True, slots=True)
class Address:
    chat_id: int  # Telegram's
    thread_id: int = 0  # 0: the chat itself


class Channel(Protocol):
    """Each call raises DeliveryError for anything but a yes, and never retries."""

    async def send(
        self,
        address: Address,
        message: Message,
        *,
        silent: bool = False,
        reply_to: int | None = None,
    ) -> int:
        """Return the id of the message there; as a reply to one that is gone it goes alone."""

    async def edit(self, address: Address, message_id: int, message: Message) -> int: ...

    async def answers(self) -> bool:
        """Whether the channel answers at all, asked with a call that has no effect."""
