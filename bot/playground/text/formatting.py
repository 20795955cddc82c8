"""Turns the text of a call into the text and entities of the message.

1. Parse the HTML, or read the given entities.
2. Resolve overlaps.
3. Clean and trim the text.
4. Add the entities that Telegram detects by itself.
5. Drop entities after the hundredth.
6. Check the length.
"""

import re
from collections.abc import Iterable
from typing import Any

from bot.playground.errors import bad_request
from bot.playground.text.entities import (
    MessageEntity,
    add_detected,
    fix_nesting,
    read_entities,
    utf16_length,
)
from bot.playground.text.html import parse_html

_GONE = {"\r", "\u0333", "\u033f", "\u030a", *map(chr, range(0x2028, 0x202F))}
_BLANK = " \n"
_LAST_OF_ONE_UNIT = "\uffff"


def clean(text: str, entities: list[MessageEntity]) -> tuple[str, list[MessageEntity]]:
    """Clean the text, and move *entities*, which must be in order.

    Control characters become spaces; carriage returns, line separators, bidirectional overrides and
    a few combining lines are removed. An entity must begin and end between whole characters.
    """
    kept: list[str] = []
    moved = {0: 0}  # UTF-16 offset of every character's border: before, after
    before = after = 0
    for character in text:
        units = 2 if character > _LAST_OF_ONE_UNIT else 1
        before += units
        if character not in _GONE:
            kept.append(" " if character < " " and character != "\n" else character)
            after += units
        moved[before] = after
    _check_borders(text, entities, moved)
    inside = [entity.moved(moved[entity.offset], moved[entity.end]) for entity in entities]
    return "".join(kept), [entity for entity in inside if entity.length > 0]


def _check_borders(text: str, entities: list[MessageEntity], borders: dict[int, int]) -> None:
    end = utf16_length(text)
    errors: list[tuple[int, int, str]] = []  # sorted in the order in which Telegram checks
    for entity in entities:
        start = f"entity beginning at UTF-16 offset {entity.offset} ends"
        if entity.offset > end:
            where = f"after the end of the text at UTF-16 offset {entity.offset}"
            errors.append((end + 1, entity.offset, f"entity begins {where}"))
        elif entity.offset not in borders:
            where = (
                f"in a middle of a UTF-16 symbol at byte offset {_byte_after(text, entity.offset)}"
            )
            errors.append((entity.offset, 1, f"entity begins {where}"))
        if entity.end > end >= entity.offset:
            where = f"after the end of the text at UTF-16 offset {entity.end}"
            errors.append((end + 2, -entity.offset, f"{start} {where}"))
        elif entity.end < end and entity.end not in borders:
            where = f"in a middle of a UTF-16 symbol at byte offset {_byte_after(text, entity.end)}"
            errors.append((entity.end, 0, f"{start} {where}"))
    if errors:
        raise bad_request(min(errors, key=lambda error: error[:2])[2])


def _byte_after(text: str, offset: int) -> int:
    """Return the end, in UTF-8 bytes, of the character that *offset* cuts in two."""
    units = text.encode("utf-16-le", "surrogatepass")[: (offset + 1) * 2]
    return len(units.decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogatepass"))


def trim(text: str, entities: Iterable[MessageEntity]) -> tuple[str, list[MessageEntity]]:
    """Cut white space at both ends, except leading white space that an entity covers."""
    whole = text.rstrip(_BLANK)
    end = utf16_length(whole)
    inside = [
        entity.moved(entity.offset, min(entity.end, end))
        for entity in entities
        if entity.offset < end
    ]
    first = min((entity.offset for entity in inside), default=end)
    blank = min(len(whole) - len(whole.lstrip(_BLANK)), first)  # blanks are one unit each
    return whole[blank:], [
        entity.moved(entity.offset - blank, entity.end - blank) for entity in inside
    ]


# A URL without a scheme is detected only under these endings; Telegram knows more.
_ENDINGS = (
    "com|org|net|info|dev|app|news|edu|gov|online|site|shop|xyz|рф|eu|uk|de|fr|jp|cn|tw|ru|kr|es|it|ch|at"
    "|io|me|tv|co|ai|us|ca|au|nl|pl|br|mx|ua|tr|ir|in|hk|be|se|no|dk|fi|pt|gr|cz|ro|il|za|cc|ly|gg|so|to"
)
_PATTERNS = {
    "url": re.compile(
        r"(?<![\w@./])(?:(?:https?|tg|ton|ftp)://[\w\[][^\s<>\"'\u2060]*"
        rf"|(?:[\w-]+\.)+(?:{_ENDINGS})\b(?![@.]?\w)(?:[/?#][^\s<>\"'\u2060]*)?)",
        re.IGNORECASE,
    ),
    "email": re.compile(r"(?<![\w.+-])[\w.+-]+@(?:[a-z0-9-]+\.)+[a-z]{2,}\b", re.IGNORECASE),
    "mention": re.compile(r"(?<![\w@/])@[a-zA-Z]\w{2,31}\b"),
    "hashtag": re.compile(r"(?<![\w#\uff03@/])[#\uff03](?=\w*[^\W\d_])\w{1,255}"),
    "cashtag": re.compile(r"(?<![\w$])\$(?:1INCH|[A-Z]{1,8})\b(?!\$)"),
    "phone_number": re.compile(r"(?<![\w+])\+\d(?:[ ()-]{0,2}\d){7,14}(?!\d)"),
    "bank_card_number": re.compile(r"(?<![\w+.,-])\d(?:[ -]?\d){12,18}(?![\w-])"),
    "bot_command": re.compile(r"(?<![\w/<>])/[a-zA-Z0-9_]{1,64}(?:@\w{3,32})?(?![\w/])"),
}
_TRAILING = ".,:;!?)]}»”\u2019…"


def detect_entities(text: str) -> list[MessageEntity]:
    """Return the entities that Telegram detects by itself, in order, without overlaps."""
    detected: list[MessageEntity] = []
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            words = match[0].rstrip(_TRAILING) if kind == "url" else match[0]
            if kind == "bank_card_number" and not _is_card(words):
                continue
            offset = utf16_length(text[: match.start()])
            detected.append(MessageEntity(kind, offset, utf16_length(words)))
    detected.sort(key=lambda entity: entity.order)
    apart: list[MessageEntity] = []
    for entity in detected:
        if entity.length and (not apart or entity.offset >= apart[-1].end):
            apart.append(entity)
    return apart


def _is_card(words: str) -> bool:
    """Return whether the digits pass the Luhn check."""
    digits = [int(sign) for sign in reversed(words) if sign.isdecimal()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
MOST_ENTITIES = 100
_MOST_BYTES = 1 << 15


def format_text(
    text: str, parse_mode: str, given: list[dict[str, Any]]
) -> tuple[str, list[dict[str, Any]]]:
    """Return the text and entities of a message; a parse mode overrides the *given* entities."""
    if len(text.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
        raise bad_request("text is too long")
    match parse_mode.lower():
        case "" | "none":
            entities = read_entities(given)
        case "html":
            text, entities = parse_html(text)
        case "markdown" | "markdownv2":
            raise bad_request("Markdown is not implemented in this playground")
        case _:
            raise bad_request("unsupported parse_mode")
    return _finish(text, entities)


def _finish(text: str, entities: list[MessageEntity]) -> tuple[str, list[dict[str, Any]]]:
    text, entities = clean(text, fix_nesting(entities))
    text, entities = trim(text, fix_nesting(entities))
    entities = add_detected(entities, detect_entities(text))
    return text, [entity.to_api() for entity in entities[:MOST_ENTITIES]]


def message_text(text: str, parse_mode: str, given: list[dict[str, Any]]) -> dict[str, Any]:
    """Return `text` and `entities` of a message; raise if it is empty or too long."""
    shown, entities = format_text(text, parse_mode, given)
    if not shown:
        raise bad_request("text must be non-empty")
    if utf16_length(shown) > LONGEST_TEXT:
        raise bad_request("message is too long")
    return {"text": shown} | ({"entities": entities} if entities else {})


def message_caption(text: str, parse_mode: str, given: list[dict[str, Any]]) -> dict[str, Any]:
    shown, entities = format_text(text, parse_mode, given)
    if utf16_length(shown) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return ({"caption": shown} if shown else {}) | (
        {"caption_entities": entities} if entities else {}
    )
