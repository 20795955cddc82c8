"""From what a bot sent to the text and entities that stand in the message.

1. HTML is parsed (or the given entities read), 2. nesting is put right, 3. the text is cleaned and
trimmed, 4. what Telegram finds by itself is added, 5. entities beyond the hundredth are dropped,
6. the length is checked.
"""

from typing import Any

from bot.playground.answers import bad_request
from bot.playground.autolinks import find_links
from bot.playground.cleaning import clean, trim, utf16_length
from bot.playground.entities import Mark, read_entities
from bot.playground.nesting import add_found, fix_nesting
from bot.playground.telegram_html import parse_html

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
MOST_ENTITIES = 100
_MOST_BYTES = 1 << 15


def format_text(
    text: str, parse_mode: str, entities: list[dict[str, Any]]
) -> tuple[str, list[dict[str, Any]]]:
    """The text and entities of a message; *entities* count only without a parse mode."""
    if len(text.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
        raise bad_request("text is too long")
    match parse_mode.lower():
        case "" | "none":
            marks = read_entities(entities)
        case "html":
            text, marks = parse_html(text)
        case "markdown" | "markdownv2":
            raise bad_request("Markdown is not implemented in this playground")
        case _:
            raise bad_request("unsupported parse_mode")
    return _finish(text, marks)


def _finish(text: str, marks: list[Mark]) -> tuple[str, list[dict[str, Any]]]:
    text, marks = clean(text, fix_nesting(marks))
    text, marks = trim(text, fix_nesting(marks))
    marks = add_found(marks, find_links(text))
    return text, [mark.to_api() for mark in marks[:MOST_ENTITIES]]


def message_text(text: str, parse_mode: str, entities: list[dict[str, Any]]) -> dict[str, Any]:
    """`text` and `entities` of a message; raises if nothing is left of it or it is too long."""
    shown, marks = format_text(text, parse_mode, entities)
    if not shown:
        raise bad_request("text must be non-empty")
    if utf16_length(shown) > LONGEST_TEXT:
        raise bad_request("message is too long")
    return {"text": shown} | ({"entities": marks} if marks else {})


def message_caption(text: str, parse_mode: str, entities: list[dict[str, Any]]) -> dict[str, Any]:
    shown, marks = format_text(text, parse_mode, entities)
    if utf16_length(shown) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return ({"caption": shown} if shown else {}) | ({"caption_entities": marks} if marks else {})
