"""Templates' HTML to blocks of text with Telegram's entities, and back to HTML.

- Inline tags: b i u s code a tg-spoiler tg-time br.
- Blocks: p (an empty line around it), div, li ("• "), blockquote (`expandable` folds it), pre; a
  block within a block begins a new line of it. ul only groups. hr opens a section.
- `<nav>`, wherever it stands, is a row of the keyboard; its buttons are `<button data="…">` or
  `<button url="…">`.
- `<tg-part id="…">` stands for blocks that were read before (`renderer.Parts`).
- White space collapses as in a browser, but not in pre.
- An unknown tag is an error, as is a tag that has no end; a `<` that begins no tag is text. The
  standard library's parser forgives what no template of ours does, and takes longer for it.
- A link that is neither http, https, tg nor mailto is only its text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from bot.rendering.autolinks import without_joiners
from bot.rendering.bidi import RTL, with_marks, without_overrides
from bot.rendering.keyboards import Rows
from bot.rendering.messages import Entity, Keyboard, Message, index_of, units
from bot.rendering.packing import Block

Attributes = dict[str, str | None]
Fields = dict[str, Any]  # of an entity

_PIECE = re.compile(
    r"(?P<text>(?:[^<]|<(?![a-zA-Z/!]))+)"
    r"|<tg-part\ id=\"(?P<part>[0-9]+)\">"
    r"|<(?P<end>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9-]*)(?P<rest>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>"
    r"|<!--.*?-->"
    r"|(?P<stray><)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([^\s=/"'>]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")


class TemplateError(ValueError):
    """The HTML is not what templates may contain; the sentence names the tag and the line."""


class MarkupReader:
    """Calls `handle_start`, `handle_end` and `handle_text` for what it reads."""

    _html = ""
    _at = 0

    def feed(self, html: str) -> None:
        """Read *html* without its direction overrides, which no template of ours has."""
        self._html = html = without_overrides(html)
        for piece in _PIECE.finditer(html):
            self._at = piece.start()
            kind = piece.lastgroup
            if kind == "rest":
                self._handle_tag(piece)
            elif kind == "part":
                self.handle_part(int(piece["part"]))
            elif kind == "stray":
                raise self.error("a tag is never ended with >")
            elif kind == "text":
                text = piece[0]
                self.handle_text(unescape(text) if "&" in text else text)

    def error(self, sentence: str) -> TemplateError:
        """Return the error, with the line that is being read."""
        line = self._html.count("\n", 0, self._at) + 1
        return TemplateError(f"line {line}: {sentence}")

    def handle_start(self, tag: str, attributes: Attributes) -> None:
        raise NotImplementedError

    def handle_end(self, tag: str) -> None:
        raise NotImplementedError

    def handle_part(self, number: int) -> None:
        """Take the part of that number, which is read already."""
        raise self.error(f"<tg-part id={number}> is not ours")

    def handle_text(self, text: str) -> None:
        """Take text, its character references resolved; it may come in several pieces."""
        raise NotImplementedError

    def _handle_tag(self, piece: re.Match[str]) -> None:
        tag = piece["tag"].lower()
        if piece["end"]:
            self.handle_end(tag)
        else:
            self.handle_start(tag, _read_attributes(piece["rest"]))


def _read_attributes(text: str) -> Attributes:
    if not text:
        return {}
    return {
        name.lower(): unescape(value.strip("\"'")) if value else None
        for name, value in _ATTRIBUTE.findall(without_joiners(text))
    }


# HTML's white space; a no-break space is none of it.
_SPACE = re.compile(r"[ \t\r\n\f]+")


@dataclass(slots=True)
class _Opened:
    entity: Fields | None
    start: int | None = None  # known once something is written inside


@dataclass(slots=True)
class _Writer:
    """Writes text and entities side by side."""

    _pieces: list[str] = field(default_factory=list)
    _length: int = 0
    _opened: list[_Opened] = field(default_factory=list)
    _entities: list[Entity] = field(default_factory=list)
    _line_breaks: int = 0  # owed before the next text
    _space: bool = False  # owed before the next text

    def write_verbatim(self, text: str) -> None:
        """Write *text* as it stands; line breaks at its ends only count if text stands beyond."""
        inner = text.strip("\n")
        if not inner:
            self._line_breaks += len(text)
            return
        self._line_breaks += len(text) - len(text.lstrip("\n"))
        self._put(inner)
        self._line_breaks += len(text) - len(text.rstrip("\n"))

    def write(self, text: str) -> None:
        collapsed = _SPACE.sub(" ", text)
        words = collapsed.strip(" ")
        self._space = self._space or collapsed.startswith(" ")
        if words:
            self._put(words)
            self._space = collapsed.endswith(" ")

    def open(self, entity: Fields | None) -> None:
        """Begin *entity* (None: a tag without an entity) at the next text."""
        kinds = [opened.entity["type"] for opened in self._opened if opened.entity]
        nested = entity is not None and entity["type"] in kinds
        self._opened.append(_Opened(None if nested else entity))

    def close(self) -> None:
        """End what was opened last; an entity without text is dropped."""
        opened = self._opened.pop()
        if opened.entity is not None and opened.start is not None:
            length = self._length - opened.start
            self._entities.append(Entity(offset=opened.start, length=length, **opened.entity))

    def break_line(self) -> None:
        self._space = False
        self._line_breaks += 1

    def end_line(self, *, empty: bool = False) -> None:
        """Let the next text begin a new line, after an *empty* one if asked."""
        if self._pieces:
            self._line_breaks = max(self._line_breaks, 2 if empty else 1)
        self._space = False

    def take(self) -> tuple[str, tuple[Entity, ...]]:
        """Return what was written and start again; outer entities come first."""
        text = "".join(self._pieces)
        entities = sorted(self._entities, key=lambda entity: (entity.offset, -entity.length))
        self._pieces, self._entities = [], []
        self._length = self._line_breaks = 0
        self._space = False
        return text, tuple(entities)

    def _put(self, text: str) -> None:
        if not text:
            return
        if self._pieces:
            owed = "\n" * self._line_breaks or " " * self._space
            if not self._pieces[-1].endswith((" ", "\n")) or self._line_breaks:
                self._append(owed)
        self._line_breaks, self._space = 0, False
        for opened in self._opened:
            if opened.start is None:
                opened.start = self._length
        self._append(text)

    def _append(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self._length += units(text)


INLINE = {
    "b": "bold",
    "i": "italic",
    "u": "underline",
    "s": "strikethrough",
    "code": "code",
    "tg-spoiler": "spoiler",
    "a": "text_link",
    "tg-time": "date_time",
}
BLOCKS = frozenset({"p", "div", "li", "blockquote", "pre"})
LINKS = frozenset({"http", "https", "tg", "mailto"})
_VERBATIM = frozenset({"nav", "pre", "code"})  # where Telegram makes no links of its own
_MARGINS = frozenset({"p"})


@dataclass(frozen=True, slots=True)
class Page:
    blocks: tuple[Block, ...]
    keyboard: Keyboard = ()


def parse_page(html: str, parts: Sequence[tuple[Block, ...]] = (), direction: str = "ltr") -> Page:
    """Return the blocks and buttons of *html*, in a language of this *direction*.

    Raises TemplateError for a tag or nesting that templates may not have.
    """
    reader = _PageReader(parts, is_rtl=direction == RTL)
    reader.feed(html)
    return reader.finished()


@dataclass(slots=True)
class _Open:
    """The tags that are not closed yet, and how many of them are blocks."""

    tags: list[str] = field(default_factory=list)
    blocks: int = 0


class _PageReader(MarkupReader):
    def __init__(self, parts: Sequence[tuple[Block, ...]], *, is_rtl: bool) -> None:
        self._parts = parts
        self._is_rtl = is_rtl
        self._open = _Open()
        self._writer = _Writer()
        self._rows = Rows()
        self._done: list[Block] = []
        self._margin = False
        self._opens_section = False

    def finished(self) -> Page:
        if self._open.tags:
            raise TemplateError(f"<{self._open.tags[-1]}> is never closed")
        self._end_block()
        return Page(tuple(self._done), self._rows.keyboard())

    def handle_text(self, text: str) -> None:
        if not _VERBATIM.isdisjoint(self._open.tags):
            text = without_joiners(text)
        if "nav" in self._open.tags:
            self._rows.write(text)
        elif "pre" in self._open.tags:
            self._writer.write_verbatim(text)
        else:
            self._writer.write(text)

    def handle_start(self, tag: str, attributes: Attributes) -> None:
        if tag == "br":
            self._writer.break_line()
        elif tag == "hr":
            self._open_section()
        elif tag in INLINE:
            self._begin(tag, _entity_of(tag, attributes))
        elif tag in BLOCKS:
            self._begin_block(tag, attributes)
        elif tag == "ul":
            self._begin(tag, None)
        elif tag in {"nav", "button"}:
            self._begin_keyboard(tag, attributes)
        elif tag == "tg-part":
            raise self.error("<tg-part> without a number stands for nothing")
        else:
            raise self.error(f"<{tag}> is not ours")

    def handle_end(self, tag: str) -> None:
        if not self._open.tags or self._open.tags[-1] != tag:
            raise self.error(f"</{tag}> closes nothing")
        self._open.tags.pop()
        if tag == "button":
            self._rows.finish_button()
        self._writer.close()
        if tag in BLOCKS:
            self._open.blocks -= 1
            self._end_block() if self._open.blocks == 0 else self._writer.end_line()

    def _begin(self, tag: str, entity: Fields | None) -> None:
        self._open.tags.append(tag)
        self._writer.open(entity)

    def _begin_block(self, tag: str, attributes: Attributes) -> None:
        if any(open_tag in INLINE for open_tag in self._open.tags):
            raise self.error(f"<{tag}> stands inside <{self._open.tags[-1]}>")
        if self._open.blocks == 0:
            self._end_block()
            self._margin = tag in _MARGINS
        else:
            self._writer.end_line(empty=tag in _MARGINS)
        self._open.blocks += 1
        self._begin(tag, _block_entity(tag, attributes))
        if tag == "li":
            self._writer.write_verbatim("• ")

    def _begin_keyboard(self, tag: str, attributes: Attributes) -> None:
        if tag == "nav":
            self._rows.begin_row()
        elif self._open.tags[-1:] != ["nav"]:
            raise self.error("<button> stands outside <nav>")
        else:
            self._rows.begin_button(attributes.get("data"), attributes.get("url"))
        self._begin(tag, None)

    def _open_section(self) -> None:
        if self._open.tags:
            raise self.error(f"<hr> stands inside <{self._open.tags[-1]}>")
        self._end_block()
        self._opens_section = True

    def handle_part(self, number: int) -> None:
        if self._open.tags:
            raise self.error(f"<tg-part> stands inside <{self._open.tags[-1]}>")
        if number >= len(self._parts):
            raise self.error(f"<tg-part id={number}> stands for nothing")
        self._end_block()
        blocks = self._parts[number]
        if blocks and self._opens_section:
            first, *others = blocks
            opening = Block(first.text, first.entities, first.margin, opens_section=True)
            blocks = (opening, *others)
            self._opens_section = False
        self._done.extend(blocks)

    def _end_block(self) -> None:
        text, entities = self._writer.take()
        if text:
            block = Block(text, entities, self._margin, self._opens_section)
            self._done.append(with_marks(block) if self._is_rtl else block)
            self._opens_section = False
        self._margin = False


def _entity_of(tag: str, attributes: Attributes) -> Fields | None:
    kind: Fields = {"type": INLINE[tag]}
    if tag == "a":
        url = (attributes.get("href") or "").strip()
        return kind | {"url": url} if may_link(url) else None
    if tag == "tg-time":
        time, layout = attributes.get("unix") or "", attributes.get("format")
        if not time.isdecimal():
            raise TemplateError(f"<tg-time unix={time!r}> is no timestamp")
        return kind | {"unix_time": int(time)} | ({"date_time_format": layout} if layout else {})
    return kind


def _block_entity(tag: str, attributes: Attributes) -> Fields | None:
    if tag == "blockquote":
        folded = "expandable" in attributes
        return {"type": "expandable_blockquote" if folded else "blockquote"}
    if tag == "pre":
        language = attributes.get("language")
        return {"type": "pre", "language": language} if language else {"type": "pre"}
    return None


def may_link(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in LINKS and bool(parts.netloc or parts.path)


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
    """Return a message as HTML for a browser; its entities must nest, as our parser's do."""
    text, entities = message.text, message.entities
    marks = [(index_of(text, entity.offset), _start_tag(entity)) for entity in entities]
    marks += [
        (index_of(text, entity.end), f"</{_tag_of(entity)}>") for entity in reversed(entities)
    ]
    # At one offset tags close before others open; inner tags close first.
    marks.sort(key=lambda mark: (mark[0], not mark[1].startswith("</")))
    html, done = "", 0
    for at, mark in marks:
        html += escape(text[done:at], quote=False) + mark
        done = at
    return Markup(html + escape(text[done:], quote=False))  # noqa: S704 - escaped above


def _tag_of(entity: Entity) -> str:
    return _TAGS.get(entity.type, "span")


def _start_tag(entity: Entity) -> str:
    return f'<a href="{escape(entity.url)}">' if entity.url else f"<{_tag_of(entity)}>"
