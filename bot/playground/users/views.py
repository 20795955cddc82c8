"""The views of users: chats, messages, the bot's profile, the launch data of a Mini App."""

import hmac
import json
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from bot.playground.errors import bad_request
from bot.playground.state.chats import BOT, ChatType, User
from bot.playground.state.world import World

Facts = dict[str, Any]


def chats(world: World) -> list[Facts]:
    return [
        chat.to_api()
        | {
            "blocked": chat.blocked,
            "started": chat.started,
            "bot_status": chat.own.status,
            "bot_rights": sorted(chat.own.rights),
            "members": [
                {
                    "id": number,
                    "first_name": world.users[number].first_name,
                    "status": member.status,
                    "is_anonymous": member.is_anonymous,
                }
                for number, member in chat.members.items()
                if number in world.users
            ],
            "threads": [
                {"id": number, "name": thread.name, "state": thread.state}
                for number, thread in chat.threads.items()
            ],
            "migrated_to": chat.migrated_to,
            "language_code": chat.user.language_code if chat.user else None,
        }
        for chat in world.chats.values()
    ]


def messages(world: World, chat_id: int | str, after: int = 0) -> list[Facts]:
    """Return every message that changed after version *after*, deleted ones too, oldest first."""
    stored = world.chat(chat_id).messages.values()
    return [message.to_page() for message in stored if message.version > after]


def bot_profile(world: World, language: str = "", chat_id: int = 0) -> Facts:
    """Return the bot's profile in a chat and language; the narrowest scope wins."""
    profile, chat = world.profile, world.chats.get(chat_id)
    is_private = chat is None or chat.type is ChatType.PRIVATE
    everybody = "all_private_chats" if is_private else "all_group_chats"
    return BOT | {
        "menu_button": profile.menu_button_of(chat_id),
        "commands": profile.commands_for([f"chat:{chat_id}", everybody, "default"], language),
        "description": profile.texts.get(("description", language))
        or profile.texts.get(("description", ""), ""),
    }


def launch(world: World, chat_id: int) -> Facts:
    """Return the signed data that a Mini App gets when the user of a private chat opens it."""
    user = world.chat(chat_id).user
    if user is None:
        raise bad_request("a Mini App opens in a private chat")
    return {"data": launch_data(world.token, user, world.now())}


def launch_data(token: str, user: User, now: int) -> str:
    """Return `tgWebAppData` for *user*; *now* in Unix seconds.

    https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
    """
    profile = {key: value for key, value in user.to_api().items() if key != "is_bot"}
    fields = {
        "query_id": f"AAH{user.id}",
        "user": json.dumps(profile, ensure_ascii=False, separators=(",", ":")),
        "auth_date": str(now),
    }
    lines = "\n".join(f"{key}={fields[key]}" for key in sorted(fields))
    secret = hmac.new(b"WebAppData", token.encode(), sha256).digest()
    return urlencode(fields | {"hash": hmac.new(secret, lines.encode(), sha256).hexdigest()})
