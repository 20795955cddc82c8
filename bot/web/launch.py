"""What Telegram tells a Mini App at its launch: who opened it and when, signed with our token.

1. The data is a query string; `hash` is a mac (HMAC-SHA-256) over the other fields as `key=value`
   lines, sorted. Its key is the mac of the token under the constant `WebAppData`.
2. It is good for a day: who has it may do what its person may.
3. A field that comes twice, or a user that is none, makes it no launch data, whoever signed it.

https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
"""

import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

GOOD_FOR = timedelta(hours=24)
LONGEST = 4096  # characters
_MOST_FIELDS = 32
_LARGEST_ID = 2**52  # Telegram's promise


class LaunchError(ValueError):
    """The data opens nothing."""


class ForgedError(LaunchError):
    """It was not signed with our token, or is no launch data."""


class TooOldError(LaunchError):
    """It was signed with our token, more than a day ago."""


@dataclass(frozen=True, slots=True)
class Launcher:
    """Whoever opened the app; *language* is an IETF tag, "" unknown."""

    user_id: int
    name: str
    language: str


def read_launch(data: str, token: str, now: datetime) -> Launcher:
    """Return who opened the app with the launch *data*; ForgedError or TooOldError."""
    told = _fields(data)
    if not hmac.compare_digest(told.pop("hash", "").encode(), _mac(told, token).encode()):
        raise ForgedError("the hash does not fit")
    if now - _moment(told.get("auth_date", "")) > GOOD_FOR:
        raise TooOldError("it is more than a day old")
    return _launcher(told.get("user", ""))


def _fields(data: str) -> dict[str, str]:
    if len(data) > LONGEST or not data.isascii():
        raise ForgedError("it is no query string")
    try:
        pairs = parse_qsl(
            data,
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise ForgedError("it is no query string") from error
    told = dict(pairs)
    if len(told) < len(pairs):
        raise ForgedError("a field comes twice")
    return told


def _mac(told: dict[str, str], token: str) -> str:
    lines = "\n".join(f"{key}={told[key]}" for key in sorted(told))
    key = hmac.digest(b"WebAppData", token.encode(), sha256)
    return hmac.digest(key, lines.encode(), sha256).hex()


def _moment(seconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ForgedError("it has no date") from error


def _launcher(text: str) -> Launcher:
    try:
        user = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ForgedError("the user is no JSON") from error
    user_id = user.get("id") if isinstance(user, dict) else None
    if type(user_id) is not int or not 0 < user_id < _LARGEST_ID:
        raise ForgedError("the user has no id")
    return Launcher(user_id, _text(user, "first_name"), _text(user, "language_code"))


def _text(user: dict[str, Any], field: str) -> str:
    value = user.get(field)
    return value if isinstance(value, str) else ""
