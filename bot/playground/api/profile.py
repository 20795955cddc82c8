"""The methods that set and return the bot's profile: commands, descriptions, menu button."""

import re
from typing import Any, Literal

from bot.playground.api.keyboards import check_app_url
from bot.playground.api.parameters import Call
from bot.playground.errors import bad_request

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
    """Return the scope as text, such as `default` or `chat_member:5:7`."""
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
    default = texts.get((kind, ""), "Dateline" if kind == "name" else "")
    return {kind: texts.get((kind, call.get("language_code", ""))) or default}


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
