"""One call of the Bot API, as its method sees it."""

from dataclasses import dataclass
from typing import Any

from bot.playground.chats import Chat
from bot.playground.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """`method` in lower case; *params* are checked and have their types."""

    world: World
    token: str
    method: str
    params: dict[str, Any]

    @property
    def bot(self) -> dict[str, Any]:
        return bot_user(self.token)

    @property
    def chat(self) -> Chat:
        return self.world.chat(self.params["chat_id"])

    def get(self, name: str, default: Any = None) -> Any:
        return self.params.get(name, default)


def bot_user(token: str) -> dict[str, Any]:
    """The bot as a user; its number is the one in its token."""
    return {
        "id": int(token.partition(":")[0]),
        "is_bot": True,
        "first_name": "Dateline",
        "username": "dateline_playground_bot",
    }
