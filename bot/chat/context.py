"""The context that a handler gets besides aiogram's own objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.rendering.filters import local
from storage.enums import ChatKind

if TYPE_CHECKING:
    from bot.chat.reply import Reply
    from bot.resources import Resources
    from bot.subscribers.limits import Limits
    from bot.subscribers.users import CurrentUser
    from storage.db.engine import Storage


_GROUPS = frozenset({ChatKind.GROUP, ChatKind.SUPERGROUP})


@dataclass(frozen=True, slots=True)
class Context:
    """The user and chat of an update, the resources of the process, and the reply.

    `user.chat_id` is our row of the chat that the update is about. If the user manages a group or
    channel from their private chat, it is the row of that group or channel.
    """

    resources: Resources
    user: CurrentUser
    reply: Reply

    @property
    def storage(self) -> Storage:
        return self.resources.storage

    @property
    def chat_id(self) -> int:
        return self.user.chat_id

    @property
    def limits(self) -> Limits:
        return self.resources.limits

    @property
    def is_private(self) -> bool:
        """Whether replies go to the user's private chat."""
        return self.reply.telegram_id == self.user.user_id

    @property
    def is_seen_by_group(self) -> bool:
        """Whether the members of a group see the replies."""
        return self.user.kind in _GROUPS and not self.is_private

    @property
    def clock(self) -> dict[str, Any]:
        """The values that templates need to write dates and times."""
        return {"zone": self.user.zone, "today": local(self.user.now, self.user.zone).date()}
