"""Authentication of Mini App users by the launch data that Telegram signed.

1. The data is a query string; `hash` is a MAC (HMAC-SHA-256) over the other fields as sorted
   `key=value` lines. Its key is the MAC of the token under the constant `WebAppData`.
2. The data is valid for a day, because anyone who has it may act as its user.
3. Data with a repeated field or a malformed user is refused, even if it is signed.

https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app

There is no session and no cookie. Each request carries the launch data, which follows the `#` in
the address of the page and so reaches no log. All requests are POST, even those that only read,
because proxies log addresses. The page shows the user's private chat. Groups are managed in the
chat, where their administrators are known.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

from bot.subscribers import users
from bot.subscribers.errors import Banned
from bot.subscribers.users import Sender
from bot.web.requests import language_asked_for

if TYPE_CHECKING:
    from bot.rendering.renderer import Renderer
    from bot.subscribers.users import CurrentUser
    from bot.web.site import Site

GOOD_FOR = timedelta(hours=24)
LONGEST = 4096  # characters
_MOST_FIELDS = 32
_LARGEST_ID = 2**52  # Telegram's promise


class LaunchError(ValueError):
    """The data was not signed with our token, or is no launch data."""


class TooOldError(LaunchError):
    """The data was signed with our token more than a day ago."""


def read_launch(data: str, token: str, now: datetime) -> Sender:
    """Return the user who opened the app, in their private chat; raise LaunchError."""
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


def _launcher(text: str) -> Sender:
    try:
        user = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LaunchError("the user is not JSON") from error
    user_id = user.get("id") if isinstance(user, dict) else None
    if type(user_id) is not int or not 0 < user_id < _LARGEST_ID:
        raise LaunchError("the user has no id")
    texts = [user.get(field) for field in ("first_name", "language_code")]
    name, language = (text if isinstance(text, str) else "" for text in texts)
    return Sender.in_private(user_id, name, language)


SCHEME = "tma "


class NotAllowedError(Exception):
    """The user has no access: *status*, and the sentence that says what to do."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Caller:
    """A user, and a renderer in their language."""

    user: CurrentUser
    renderer: Renderer


async def caller_of(site: Site, request: web.Request) -> Caller:
    """Return the user who sent *request*.

    Raises NotAllowedError for a user without access, and for old or forged launch data.
    """
    if site.app is None:
        raise web.HTTPNotFound
    renderer, access = site.resources.renderer, site.resources.access
    data = request.headers.get("Authorization", "").removeprefix(SCHEME)
    try:
        launcher = read_launch(data, site.app.token, site.clock())
    except LaunchError as error:
        renderer = renderer.of(language_asked_for(request, renderer))
        too_old = isinstance(error, TooOldError)
        closed = renderer.message("web/app_parts.html#closed", too_old=too_old)
        raise NotAllowedError(401, closed.text) from None
    renderer = renderer.of(launcher.language)
    try:
        user = await users.identify(site.resources.storage, launcher, access=access)
    except Banned as error:
        raise NotAllowedError(403, renderer.message(error.template).text) from None
    if user is None:
        unauthorized = renderer.message(
            "chat/unauthorized.html#no_access", user_id=launcher.user_id, invites=access.invites
        )
        raise NotAllowedError(403, unauthorized.text)
    return Caller(user, renderer.of(user.language))
