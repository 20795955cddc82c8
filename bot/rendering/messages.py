"""Messages as they are sent: text, entities, keyboard. A delivery stores one as its body.

Telegram counts offsets and lengths in UTF-16 code units.

- `rich` is the HTML of a rich message. Its `text` is its first line, for lists of queued messages,
  `classic` has the messages to send if Telegram refuses it, and `is_rtl` is its direction.
- `photo` is a PNG in base64; the text is its caption.
- `preview` is the address of a picture that Telegram shows above the text; Telegram fetches it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self


def units(text: str) -> int:
    """Return the UTF-16 code units of *text*; characters beyond U+FFFF take two."""
    return len(text) if text.isascii() else len(_encoded(text)) // 2


def index_of(text: str, offset: int) -> int:
    """Return the index in *text* of the UTF-16 *offset*, which must not split a character."""
    return len(_encoded(text)[: offset * 2].decode("utf-16-le", "surrogatepass"))


def cut_units(text: str, offset: int, length: int) -> str:
    return _encoded(text)[offset * 2 : (offset + length) * 2].decode("utf-16-le", "surrogatepass")


def _encoded(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


MAX_UNITS = 4096
MAX_ENTITIES = 100

Keyboard = tuple[tuple["Button", ...], ...]


class Entity(NamedTuple):
    """The Bot API's MessageEntity; `offset` and `length` are UTF-16 units."""

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None
    unix_time: int | None = None
    date_time_format: str | None = None

    @property
    def end(self) -> int:
        return self.offset + self.length


class Button(NamedTuple):
    """A press sends `data` back (1-64 bytes), opens `url`, or copies `copy` (1-256 characters)."""

    text: str
    data: str | None = None
    url: str | None = None
    copy: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    text: str
    entities: tuple[Entity, ...] = ()
    keyboard: Keyboard = ()
    rich: str | None = None
    photo: str | None = None
    preview: str | None = None
    classic: tuple["Message", ...] = ()
    is_rtl: bool = False

    def plain(self) -> "Message":
        """Return the message without entities, with its links written out if they fit."""
        text = with_links(self.text, self.entities)
        return Message(text if units(text) <= MAX_UNITS else self.text, (), self.keyboard)

    def to_json(self) -> dict[str, Any]:
        """Return the body without `classic`, which is stored as the fallback."""
        body: dict[str, Any] = {
            "text": self.text,
            "entities": [_entity_json(entity) for entity in self.entities],
            "keyboard": [[_button_json(button) for button in row] for row in self.keyboard],
        }
        special = {
            "rich": self.rich,
            "photo": self.photo,
            "preview": self.preview,
            "is_rtl": self.is_rtl or None,
        }
        return body | {name: value for name, value in special.items() if value is not None}

    def fallback(self) -> dict[str, Any] | None:
        """Return the body to store in case that Telegram refuses this one.

        It is the first of the classic messages; the others are its `following`. Without classic
        messages it is None: a message falls back to `plain`, which its stored body suffices for.
        """
        if not self.classic:
            return None
        first, *others = (message.to_json() for message in self.classic)
        return first | ({"following": others} if others else {})

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            text=body["text"],
            entities=tuple(Entity(**_from_json(Entity, entity)) for entity in body["entities"]),
            keyboard=tuple(
                tuple(Button(**_from_json(Button, button)) for button in row)
                for row in body["keyboard"]
            ),
            rich=body.get("rich"),
            photo=body.get("photo"),
            preview=body.get("preview"),
            is_rtl=body.get("is_rtl", False),
        )


def with_links(text: str, entities: Sequence[Entity]) -> str:
    """Return *text* with the URL of each link written out after it."""
    coded = text.encode("utf-16-le", "surrogatepass")
    pieces: list[bytes] = []
    done = 0
    for end, url in sorted((entity.end * 2, entity.url) for entity in entities if entity.url):
        pieces += (coded[done:end], f" ({url})".encode("utf-16-le", "surrogatepass"))
        done = end
    return b"".join((*pieces, coded[done:])).decode("utf-16-le", "surrogatepass")


def _entity_json(entity: Entity) -> dict[str, Any]:
    """Return the fields that are set, without a loop, because a digest has many entities."""
    kind, offset, length, url, *rare = entity
    json: dict[str, Any] = {"type": kind, "offset": offset, "length": length}
    if url is not None:
        json["url"] = url
    if rare != _NO_RARE:
        named = zip(Entity._fields[-len(_NO_RARE) :], rare, strict=True)
        json |= {name: value for name, value in named if value is not None}
    return json


_NO_RARE = [None, None, None]  # fields that few entities set


def _button_json(button: Button) -> dict[str, Any]:
    named = zip(button._fields, button, strict=True)
    return {name: value for name, value in named if value is not None}


def _from_json(record: type[Entity | Button], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the known fields of *stored*, without those that a newer version added."""
    return {name: stored[name] for name in record._fields if name in stored}
