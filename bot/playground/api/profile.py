"""What the bot says about itself: commands, descriptions, menu button."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from bot.playground.api.errors import bad_request
from bot.playground.api.keyboards import check_app_url

if TYPE_CHECKING:
    from bot.playground.api.server import Call


Command = dict[str, str]


@dataclass(slots=True)
class Profile:
    """Commands by scope and language code; texts by kind and language code ("" is everybody)."""

    commands: dict[tuple[str, str], list[Command]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    menu_buttons: dict[int | None, dict[str, Any]] = field(default_factory=dict)

    def menu_button_of(self, chat_id: int | None) -> dict[str, Any]:
        """Return the button beside the text line: the chat's own, or else everybody's."""
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


MOST_COMMANDS = 100
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")


def get_me(call: Call) -> dict[str, Any]:
    return call.bot | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": True,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def _scope(call: Call) -> str:
    """`default`, `all_private_chats` …, or `chat:5`, `chat_member:5:7`."""
    scope = call.get("scope") or {"type": "default"}
    parts = [scope["type"]]
    if "chat_id" in scope:
        parts.append(str(call.world.chat(scope["chat_id"]).id))
    return ":".join([*parts, *([str(scope["user_id"])] if "user_id" in scope else [])])


def set_my_commands(call: Call) -> Literal[True]:
    commands = call.params["commands"]
    if len(commands) > MOST_COMMANDS:
        raise bad_request("too many commands specified")
    for command in commands:
        command["command"] = command["command"].removeprefix("/").lower()
        if not _COMMAND.fullmatch(command["command"]):
            raise bad_request("BOT_COMMAND_INVALID")
    call.world.profile.commands[_scope(call), call.get("language_code", "")] = commands
    call.world.events.publish("commands")
    return True


def get_my_commands(call: Call) -> list[dict[str, str]]:
    key = _scope(call), call.get("language_code", "")
    return call.world.profile.commands.get(key, [])


def delete_my_commands(call: Call) -> Literal[True]:
    call.world.profile.commands.pop((_scope(call), call.get("language_code", "")), None)
    call.world.events.publish("commands")
    return True


_TEXTS = {
    "mydescription": "description",
    "myshortdescription": "short_description",
    "myname": "name",
}


def set_text(call: Call) -> Literal[True]:
    kind = _TEXTS[call.method.removeprefix("set")]
    call.world.profile.texts[kind, call.get("language_code", "")] = call.get(kind, "")
    return True


def get_text(call: Call) -> dict[str, str]:
    kind = _TEXTS[call.method.removeprefix("get")]
    texts = call.world.profile.texts
    everybody = texts.get((kind, ""), "Dateline" if kind == "name" else "")
    return {kind: texts.get((kind, call.get("language_code", ""))) or everybody}


def set_menu_button(call: Call) -> Literal[True]:
    chat_id = call.chat.id if "chat_id" in call.params else None
    button = call.get("menu_button") or {"type": "default"}
    if "web_app" in button:
        check_app_url(button["web_app"]["url"], "menu button")
    call.world.profile.menu_buttons[chat_id] = button
    call.world.events.publish("commands")
    return True


def get_menu_button(call: Call) -> dict[str, Any]:
    chat_id = call.chat.id if "chat_id" in call.params else None
    return call.world.profile.menu_button_of(chat_id)


METHODS = {
    "getMe": get_me,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setMyDescription": set_text,
    "getMyDescription": get_text,
    "setMyShortDescription": set_text,
    "getMyShortDescription": get_text,
    "setMyName": set_text,
    "getMyName": get_text,
    "setChatMenuButton": set_menu_button,
    "getChatMenuButton": get_menu_button,
}
