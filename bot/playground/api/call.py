"""One call of a Bot API method."""

from dataclasses import dataclass
from typing import Any

from bot.playground.state.chats import PlaygroundChat, bot_user
from bot.playground.state.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """*method* is in lower case; *params* are checked and converted to their types."""

    world: World
    token: str
    method: str
    params: dict[str, Any]

    @property
    def bot(self) -> dict[str, Any]:
        return bot_user(self.token)

    @property
    def chat(self) -> PlaygroundChat:
        return self.world.chat(self.params["chat_id"])

    def get(self, name: str, default: Any = None) -> Any:
        return self.params.get(name, default)
