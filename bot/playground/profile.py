"""What the bot says about itself: commands, descriptions, menu button."""

from dataclasses import dataclass, field
from typing import Any

Command = dict[str, str]


@dataclass(slots=True)
class Profile:
    """Commands by scope and language code; texts by kind and language code ("" is everybody)."""

    commands: dict[tuple[str, str], list[Command]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    menu_buttons: dict[int | None, dict[str, Any]] = field(default_factory=dict)

    def menu_button_of(self, chat_id: int | None) -> dict[str, Any]:
        """What stands beside the text line: the chat's own, or else everybody's."""
        everybody = self.menu_buttons.get(None, {"type": "default"})
        own = self.menu_buttons.get(chat_id, everybody)
        return everybody if own["type"] == "default" else own

    def commands_for(self, scopes: list[str], language: str) -> list[Command]:
        """The first list that is set, going through *scopes*, the language before everybody."""
        for scope in scopes:
            for code in (language, ""):
                if found := self.commands.get((scope, code)):
                    return found
        return []
