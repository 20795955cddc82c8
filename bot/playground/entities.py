"""Message entities: reading those that a bot sends, and showing those of a message.

Offsets and lengths count UTF-16 code units. Kinds that Telegram finds by itself (`url` …)
are accepted from a bot and ignored.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Self

from bot.playground.answers import Refusal, bad_request

BLOCKQUOTES = {"blockquote", "expandable_blockquote"}
SPLITTABLE = ("bold", "italic", "underline", "strikethrough", "spoiler")
MONOSPACE = {"pre", "code", "date_time"}  # nothing stands inside these
FOUND = {
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "phone_number",
    "bank_card_number",
}
_PLAIN = {*BLOCKQUOTES, *SPLITTABLE, "code", "pre"}
_DATE_PARTS = set("tTdDwW")
_FARTHEST = 1_000_000
_HOST_END = re.compile("[/?#]")

# Which of two entities with the same range is the outer one.
_ORDER = {
    "blockquote": 0,
    "expandable_blockquote": 0,
    "pre": 11,
    "code": 20,
    "date_time": 30,
    "text_link": 49,
    "text_mention": 49,
    "bold": 90,
    "italic": 91,
    "underline": 92,
    "strikethrough": 93,
    "spoiler": 94,
    "custom_emoji": 99,
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One entity; *facts* are the further fields of a Bot API MessageEntity."""

    type: str
    offset: int
    length: int
    facts: tuple[tuple[str, Any], ...] = ()

    @property
    def end(self) -> int:
        return self.offset + self.length

    @property
    def order(self) -> tuple[int, int, int]:
        return self.offset, -self.length, _ORDER.get(self.type, 50)

    def moved(self, offset: int, end: int) -> Self:
        return replace(self, offset=offset, length=end - offset)

    def to_api(self) -> dict[str, Any]:
        return {"type": self.type, "offset": self.offset, "length": self.length} | dict(self.facts)


def read_entities(given: list[dict[str, Any]]) -> list[Mark]:
    """The entities of a call, checked one by one; not yet against the text."""
    marks = [_read(entity) for entity in given if entity["type"] not in FOUND]
    for mark in marks:
        if not 0 <= mark.offset <= _FARTHEST:
            raise bad_request(f"receive an entity with incorrect offset {mark.offset}")
        if not 0 <= mark.length <= _FARTHEST:
            raise bad_request(f"receive an entity with incorrect length {mark.length}")
    return [mark for mark in marks if mark.length]


def _read(entity: dict[str, Any]) -> Mark:
    kind = entity["type"]
    facts: dict[str, Any] = {}
    if kind == "pre" and entity.get("language"):
        facts = {"language": entity["language"]}
    elif kind == "text_link":
        facts = {"url": checked_url(_field(entity, "url"))}
    elif kind == "text_mention":
        facts = {"user": _field(entity, "user")}
    elif kind == "custom_emoji":
        facts = {"custom_emoji_id": _field(entity, "custom_emoji_id")}
    elif kind == "date_time":
        date_format = checked_date_format(entity.get("date_time_format", ""))
        facts = {"unix_time": _moment(entity)} | date_format
    elif kind not in _PLAIN:
        raise _cannot_read("Unsupported type specified")
    return Mark(kind, entity["offset"], entity["length"], tuple(facts.items()))


def _field(entity: dict[str, Any], name: str) -> Any:
    value = entity.get(name)
    if value is None or value == "":
        raise _cannot_read(f'Can\'t find field "{name}"')
    return value


def _moment(entity: dict[str, Any]) -> int:
    moment: int = _field(entity, "unix_time")
    if moment <= 0:
        raise bad_request("invalid date specified")
    return moment


def _cannot_read(reason: str) -> Refusal:
    return bad_request(f"can't parse MessageEntity: {reason}")


def checked_date_format(text: str) -> dict[str, str]:
    """`r` alone, or any of `w d D t T`; {} for none."""
    if text.lower() != "r" and set(text) - _DATE_PARTS:
        raise _cannot_read("Invalid date-time format specified")
    return {"date_time_format": text} if text else {}


def checked_url(text: str) -> str:
    """As Telegram keeps a link: a bare host gets http and a slash; a wrong one is refused."""
    url = text.strip()
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "http", url
    scheme = scheme.lower()
    host = _HOST_END.split(rest)[0]
    path = rest[len(host) :]
    if problem := _link_problem(scheme, host, url):
        raise bad_request(f"entity URL '{text}' is invalid: {problem}")
    slash = "" if path.startswith("/") or scheme == "tg" else "/"
    return f"{scheme}://{host.lower()}{slash}{path}"


def _link_problem(scheme: str, host: str, url: str) -> str:
    if scheme not in {"http", "https", "tg", "ton", "tonsite"}:
        return "Unsupported URL protocol"
    if not host:
        return "URL host is empty"
    if any(character.isspace() for character in url):
        return "Host is invalid"
    is_named = "." in host or host.startswith("[")
    return "" if is_named or scheme not in {"http", "https"} else "Wrong HTTP URL"
