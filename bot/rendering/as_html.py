"""A message as HTML, to look at in a browser."""

from html import escape

from markupsafe import Markup

from bot.rendering.messages import Entity, Message
from bot.rendering.utf16 import index_of

_TAGS = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "expandable_blockquote": "blockquote",
    "text_link": "a",
    "date_time": "time",
}


def to_html(message: Message) -> Markup:
    """Return the text with its entities as tags; entities must nest, as our parser's do."""
    text, entities = message.text, message.entities
    marks = [(index_of(text, entity.offset), _opening(entity)) for entity in entities]
    marks += [(index_of(text, entity.end), f"</{_tag(entity)}>") for entity in reversed(entities)]
    # At one place what ends there is closed before anything opens; inner tags close first.
    marks.sort(key=lambda mark: (mark[0], not mark[1].startswith("</")))
    html, done = "", 0
    for at, mark in marks:
        html += escape(text[done:at], quote=False) + mark
        done = at
    return Markup(html + escape(text[done:], quote=False))  # noqa: S704 - escaped above


def _tag(entity: Entity) -> str:
    return _TAGS.get(entity.type, "span")


def _opening(entity: Entity) -> str:
    return f'<a href="{escape(entity.url)}">' if entity.url else f"<{_tag(entity)}>"
