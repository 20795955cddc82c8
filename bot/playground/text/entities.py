"""Message entities: reading those that a bot sends, and nesting them as Telegram does.

Offsets and lengths count UTF-16 code units. Kinds that Telegram detects by itself (`url` …) are
ignored if a bot sends them. Overlaps are resolved in this order:

1. Links, mentions, custom emoji and monospace exclude each other; the first one stays.
2. Block quotes exclude each other, and a link that crosses a quote's border is dropped.
3. Adjacent pieces of bold, italic, underline, strikethrough or spoiler are joined, then cut at the
   borders of other entities and where another style begins. Inside monospace they are dropped.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

from bot.playground.errors import ApiError, bad_request

BLOCKQUOTES = {"blockquote", "expandable_blockquote"}
SPLITTABLE = ("bold", "italic", "underline", "strikethrough", "spoiler")
MONOSPACE = {"pre", "code", "date_time"}  # no other entity inside these
DETECTED = {
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

# If two have the same range, the lower number is the outer one.
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
class MessageEntity:
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


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def read_entities(given: list[dict[str, Any]]) -> list[MessageEntity]:
    """Return the entities of a call, checked one by one but not against the text."""
    entities = [_read(entity) for entity in given if entity["type"] not in DETECTED]
    for entity in entities:
        if not 0 <= entity.offset <= _FARTHEST:
            raise bad_request(f"receive an entity with incorrect offset {entity.offset}")
        if not 0 <= entity.length <= _FARTHEST:
            raise bad_request(f"receive an entity with incorrect length {entity.length}")
    return [entity for entity in entities if entity.length]


def _read(entity: dict[str, Any]) -> MessageEntity:
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
        facts = {"unix_time": _unix_time(entity)} | date_format
    elif kind not in _PLAIN:
        raise _cannot_read("Unsupported type specified")
    return MessageEntity(kind, entity["offset"], entity["length"], tuple(facts.items()))


def _field(entity: dict[str, Any], name: str) -> Any:
    value = entity.get(name)
    if value is None or value == "":
        raise _cannot_read(f'Can\'t find field "{name}"')
    return value


def _unix_time(entity: dict[str, Any]) -> int:
    timestamp: int = _field(entity, "unix_time")
    if timestamp <= 0:
        raise bad_request("invalid date specified")
    return timestamp


def _cannot_read(reason: str) -> ApiError:
    return bad_request(f"can't parse MessageEntity: {reason}")


def checked_date_format(text: str) -> dict[str, str]:
    """Return the field for a format (`r`, or any of `w d D t T`), nothing if *text* is empty."""
    if text.lower() != "r" and set(text) - _DATE_PARTS:
        raise _cannot_read("Invalid date-time format specified")
    return {"date_time_format": text} if text else {}


def checked_url(text: str) -> str:
    """Return the link as Telegram stores it, where a bare host gets http and a slash."""
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


def fix_nesting(entities: Iterable[MessageEntity]) -> list[MessageEntity]:
    """Return the entities as Telegram stores them, outer before inner."""
    ordered = sorted(
        (entity for entity in entities if entity.length > 0), key=lambda entity: entity.order
    )
    quotes = _apart([entity for entity in ordered if entity.type in BLOCKQUOTES])
    solid = _apart(
        [
            entity
            for entity in ordered
            if entity.type not in BLOCKQUOTES and entity.type not in SPLITTABLE
        ]
    )
    frame = [
        entity for entity in solid if not any(_crosses(entity, quote) for quote in quotes)
    ] + quotes
    styles = _cut([entity for entity in ordered if entity.type in SPLITTABLE], frame)
    return sorted(frame + styles, key=lambda entity: entity.order)


def add_detected(
    entities: list[MessageEntity], detected: list[MessageEntity]
) -> list[MessageEntity]:
    """Add the detected entities that overlap none of the bot's own links."""
    frame = [
        entity
        for entity in entities
        if entity.type not in SPLITTABLE and entity.type not in BLOCKQUOTES
    ]
    new = [entity for entity in detected if not any(_overlap(entity, own) for own in frame)]
    return fix_nesting([*entities, *new])


def _apart(ordered: list[MessageEntity]) -> list[MessageEntity]:
    kept: list[MessageEntity] = []
    for entity in ordered:
        if not kept or entity.offset >= kept[-1].end:
            kept.append(entity)
    return kept


def _overlap(entity: MessageEntity, other: MessageEntity) -> bool:
    return entity.offset < other.end and other.offset < entity.end


def _crosses(entity: MessageEntity, quote: MessageEntity) -> bool:
    is_inside = quote.offset <= entity.offset and entity.end <= quote.end
    return _overlap(entity, quote) and not is_inside


def _cut(styles: list[MessageEntity], frame: list[MessageEntity]) -> list[MessageEntity]:
    joined = [entity for kind in SPLITTABLE for entity in _joined(kind, styles, frame)]
    borders = sorted(
        {entity.offset for entity in joined}
        | {entity.offset for entity in frame}
        | {entity.end for entity in frame}
    )
    walls = [entity for entity in frame if entity.type in MONOSPACE]
    pieces: list[MessageEntity] = []
    for entity in joined:
        edges = [entity.offset, *(b for b in borders if entity.offset < b < entity.end), entity.end]
        pieces += [entity.moved(edges[i], edges[i + 1]) for i in range(len(edges) - 1)]
    return [piece for piece in pieces if not any(_overlap(piece, wall) for wall in walls)]


def _joined(
    kind: str, styles: list[MessageEntity], frame: list[MessageEntity]
) -> list[MessageEntity]:
    """Join overlapping and adjacent entities of one kind, except neighbours across a border."""
    borders = {entity.offset for entity in frame} | {entity.end for entity in frame}
    joined: list[MessageEntity] = []
    for entity in (entity for entity in styles if entity.type == kind):
        last = joined[-1] if joined else None
        meets = last is not None and (
            entity.offset < last.end or (entity.offset == last.end and last.end not in borders)
        )
        if last is not None and meets:
            joined[-1] = last.moved(last.offset, max(last.end, entity.end))
        else:
            joined.append(entity)
    return joined
