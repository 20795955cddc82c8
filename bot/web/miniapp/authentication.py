"""Who uses the Mini App: the launch data that Telegram signed, then whether they may use the bot.

1. The data is a query string; `hash` is a mac (HMAC-SHA-256) over the other fields as `key=value`
   lines, sorted. Its key is the mac of the token under the constant `WebAppData`.
2. It is valid for a day: anyone who has it may do what its user may.
3. Data with a repeated field or a malformed user is refused, even if it is signed.

https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app

There is no session and no cookie: each request carries the launch data, which stands behind the `#`
of the page's address and so reaches no log. What a user types is posted even where it only reads,
since addresses end up in the logs of proxies. The page shows the user's private chat; a group is
managed in the chat, where its administrators are known.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from bot.subscribers import users
from bot.subscribers.errors import Banned
from bot.subscribers.text import one_line
from bot.subscribers.users import Sender
from bot.web.requests import language_asked_for

if TYPE_CHECKING:
    from aiohttp import web

    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.subscribers.users import CurrentUser

GOOD_FOR = timedelta(hours=24)
LONGEST = 4096  # characters
_MOST_FIELDS = 32
_LARGEST_ID = 2**52  # Telegram's promise


class LaunchError(ValueError):
    """The data opens nothing: it was not signed with our token, or is no launch data."""


class TooOldError(LaunchError):
    """It was signed with our token, more than a day ago."""


@dataclass(frozen=True, slots=True)
class Launcher:
    """The user who opened the app; *language* is an IETF tag, "" unknown."""

    user_id: int
    name: str
    language: str


def read_launch(data: str, token: str, now: datetime) -> Launcher:
    """Return the user who opened the app; raise LaunchError."""
    fields = _fields(data)
    if not hmac.compare_digest(fields.pop("hash", "").encode(), _mac(fields, token).encode()):
        raise LaunchError("the hash does not fit")
    if now - _moment(fields.get("auth_date", "")) > GOOD_FOR:
        raise TooOldError("it is more than a day old")
    return _launcher(fields.get("user", ""))


def _fields(data: str) -> dict[str, str]:
    if len(data) > LONGEST or not data.isascii():
        raise LaunchError("it is no query string")
    try:
        pairs = parse_qsl(
            data,
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise LaunchError("it is no query string") from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise LaunchError("a field comes twice")
    return fields


def _mac(fields: dict[str, str], token: str) -> str:
    lines = "\n".join(f"{key}={fields[key]}" for key in sorted(fields))
    key = hmac.digest(b"WebAppData", token.encode(), sha256)
    return hmac.digest(key, lines.encode(), sha256).hex()


def _moment(seconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise LaunchError("it has no date") from error


def _launcher(text: str) -> Launcher:
    try:
        user = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LaunchError("the user is no JSON") from error
    user_id = user.get("id") if isinstance(user, dict) else None
    if type(user_id) is not int or not 0 < user_id < _LARGEST_ID:
        raise LaunchError("the user has no id")
    return Launcher(user_id, _text(user, "first_name"), _text(user, "language_code"))


def _text(user: dict[str, Any], field: str) -> str:
    value = user.get(field)
    return value if isinstance(value, str) else ""


SCHEME = "tma "
# As the chat stores them, so that a user has one name, wherever it comes from.
_LONGEST_NAME = 64
_LONGEST_TAG = 16


class NotAllowedError(Exception):
    """The user may not use the bot: *status*, and the sentence that says what to do."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Caller:
    """A user, and a renderer in their language."""

    user: CurrentUser
    renderer: Renderer


async def caller_of(
    request: web.Request, token: str, resources: Resources, now: datetime
) -> Caller:
    """Return the user who asks; raise NotAllowedError, also for old or forged launch data.

    *token*: the bot's.
    """
    header, renderer = request.headers.get("Authorization", ""), resources.renderer
    try:
        launcher = read_launch(header.removeprefix(SCHEME), token, now)
    except LaunchError as error:
        too_old = isinstance(error, TooOldError)
        renderer = renderer.of(language_asked_for(request, renderer))
        closed = renderer.message("web/app_parts.html#closed", too_old=too_old)
        raise NotAllowedError(401, closed.text) from None
    user = await _identify(resources, launcher)
    return Caller(user, renderer.of(user.language))


async def _identify(resources: Resources, launcher: Launcher) -> CurrentUser:
    renderer, access = resources.renderer.of(launcher.language), resources.access
    sender = Sender(
        user_id=launcher.user_id,
        telegram_id=launcher.user_id,  # the private chat has the same id
        name=one_line(launcher.name)[:_LONGEST_NAME],
        language=one_line(launcher.language)[:_LONGEST_TAG],
    )
    try:
        user = await users.identify(resources.storage, sender, access=access)
    except Banned:
        banned = renderer.message("chat/errors.html#banned")
        raise NotAllowedError(403, banned.text) from None
    if user is None:
        unauthorized = renderer.message(
            "chat/unauthorized.html", user_id=launcher.user_id, invites=access.invites
        )
        raise NotAllowedError(403, unauthorized.text)
    return user
