"""The bot's profile: commands, descriptions, menu buttons."""

from dataclasses import dataclass, field
from typing import Any

Command = dict[str, str]


@dataclass(slots=True)
class Profile:
    """Commands by scope and language code, texts by kind and language code ("" is the default)."""

    commands: dict[tuple[str, str], list[Command]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    menu_buttons: dict[int | None, dict[str, Any]] = field(default_factory=dict)

    def menu_button_of(self, chat_id: int | None) -> dict[str, Any]:
        """Return the chat's own menu button, or else the default of all chats."""
        default = self.menu_buttons.get(None, {"type": "default"})
        own = self.menu_buttons.get(chat_id, default)
        return default if own["type"] == "default" else own

    def commands_for(self, scopes: list[str], language: str) -> list[Command]:
        """Return the first list that is set; each scope's list in *language* before its default."""
        for scope in scopes:
            for code in (language, ""):
                if commands := self.commands.get((scope, code)):
                    return commands
        return []
