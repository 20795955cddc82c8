"""Converts the HTML of templates to blocks of text with Telegram's entities, and back.

- Inline tags: b i u s code a tg-spoiler tg-time br.
- Blocks: p (with an empty line around it), div, li ("• "), blockquote (`expandable` folds it), pre.
  A block inside a block begins a new line. ul only groups. hr opens a section.
- `<nav>` is a row of the keyboard, wherever it stands. Its buttons are `<button data="…">`,
  `<button url="…">`, or `<button copy="…">`, which copies a text. Three or four buttons with a long
  label become pairs, because a phone would cut their labels.
- `<tg-part id="…">` stands for a part that is already parsed (`renderer.Parts`).
- White space collapses as in a browser, except in pre.
- An unknown tag or one without an end is an error. A `<` that begins no tag is text. The parser of
  the standard library is more tolerant than templates need, and slower.
- A link with a scheme other than http, https, tg or mailto becomes plain text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape, unescape
from typing import Any
from unicodedata import east_asian_width
from urllib.parse import urlsplit

from markupsafe import Markup

from bot.rendering.autolinks import without_joiners
from bot.rendering.bidi import RTL, with_marks, without_overrides
from bot.rendering.messages import Button, Entity, Keyboard, Message, index_of, units
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
_VERBATIM = frozenset({"nav", "pre", "code"})  # Telegram makes no links of its own in these
# The longest label, in columns, that a phone shows whole in a row of this many buttons.
_WIDEST = {3: 16, 4: 11}
# The white space of HTML, which does not include the no-break space.
SPACE = re.compile(r"[ \t\r\n\f]+")


class TemplateError(ValueError):
    """HTML that templates may not contain; the message names the tag and the line."""


class MarkupReader:
    """Reads HTML tag by tag, with its keyboard. Subclasses handle more tags."""

    def __init__(self) -> None:
        self._html = ""
        self._at = 0
        self._open: list[str] = []
        self._rows: list[list[Button]] = []

    def feed(self, html: str) -> None:
        """Read *html*, without direction overrides, which only text of sources and users has."""
        self._html = html = without_overrides(html)
        for piece in _PIECE.finditer(html):
            self._at = piece.start()
            kind = piece.lastgroup
            if kind == "rest":
                tag = piece["tag"].lower()
                if piece["end"]:
                    self.handle_end(tag)
                else:
                    self.handle_start(tag, _read_attributes(piece["rest"]))
            elif kind == "part":
                self.handle_part(int(piece["part"]))
            elif kind == "stray":
                raise self.error("a tag is never ended with >")
            elif kind == "text":
                text = piece[0]
                self.handle_text(unescape(text) if "&" in text else text)
        if self._open:
            raise TemplateError(f"<{self._open[-1]}> is never closed")

    def error(self, sentence: str) -> TemplateError:
        """Return an error that names the current line."""
        line = self._html.count("\n", 0, self._at) + 1
        return TemplateError(f"line {line}: {sentence}")

    @property
    def keyboard(self) -> Keyboard:
        return tuple(fitting for row in self._rows for fitting in _fitting(row))

    def handle_start(self, tag: str, attributes: Attributes) -> None:
        if tag == "nav":
            self._rows.append([])
        elif tag != "button":
            raise self.error(f"<{tag}> is not ours")
        elif self._open[-1:] != ["nav"]:
            raise self.error("<button> stands outside <nav>")
        else:
            actions = (attributes.get(name) for name in ("data", "url", "copy"))
            self._rows[-1].append(Button("", *actions))
        self._open.append(tag)

    def handle_end(self, tag: str) -> None:
        if self._open[-1:] != [tag]:
            raise self.error(f"</{tag}> closes nothing")
        self._open.pop()

    def handle_part(self, number: int) -> None:
        """Handle a reference to a part that is already parsed."""
        raise self.error(f"<tg-part id={number}> is not ours")

    def handle_text(self, text: str) -> None:
        """Handle text with its character references resolved, perhaps one of several pieces."""
        if "button" in self._open:
            row = self._rows[-1]
            label = f"{row[-1].text} {' '.join(text.split())}".strip()
            row[-1] = row[-1]._replace(text=label)

    def require_no_inline(self, tag: str) -> None:
        if not INLINE.keys().isdisjoint(self._open):
            raise self.error(f"<{tag}> stands inside <{self._open[-1]}>")


def _fitting(row: Sequence[Button]) -> Iterator[tuple[Button, ...]]:
    """Yield *row* unchanged, or in pairs if a phone would cut its labels."""
    widest = max((width(button.text) for button in row), default=0)
    size = 2 if widest > _WIDEST.get(len(row), widest) else max(len(row), 1)
    for start in range(0, len(row), size):
        yield tuple(row[start : start + size])


# Cached, because most buttons are the same in every message.
@lru_cache(maxsize=1024)
def width(label: str) -> int:
    """Return how many columns *label* takes; wide East Asian characters take two."""
    return sum(1 + (east_asian_width(sign) in {"W", "F"}) for sign in label)


def _read_attributes(text: str) -> Attributes:
    if not text:
        return {}
    return {
        name.lower(): unescape(value.strip("\"'")) if value else None
        for name, value in _ATTRIBUTE.findall(without_joiners(text))
    }


@dataclass(slots=True)
class _Opened:
    entity: Fields | None
    start: int | None = None  # None until text is written inside


@dataclass(slots=True)
class _Writer:
    """Collects text and its entities."""

    _pieces: list[str] = field(default_factory=list)
    _length: int = 0
    _opened: list[_Opened] = field(default_factory=list)
    _entities: list[Entity] = field(default_factory=list)
    _line_breaks: int = 0  # to write before the next text
    _space: bool = False  # whether to write a space before the next text

    def write_verbatim(self, text: str) -> None:
        """Write *text* unchanged; line breaks at its ends count only next to other text."""
        rest = text.lstrip("\n")
        self._line_breaks += len(text) - len(rest)
        inner = rest.rstrip("\n")
        if inner:
            self._put(inner)
            self._line_breaks += len(rest) - len(inner)

    def write(self, text: str) -> None:
        collapsed = SPACE.sub(" ", text)
        words = collapsed.strip(" ")
        self._space = self._space or collapsed.startswith(" ")
        if words:
            self._put(words)
            self._space = collapsed.endswith(" ")

    def open(self, entity: Fields | None) -> None:
        """Begin *entity* at the next text; None for a tag without an entity."""
        kinds = [opened.entity["type"] for opened in self._opened if opened.entity]
        nested = entity is not None and entity["type"] in kinds
        self._opened.append(_Opened(None if nested else entity))

    def close(self) -> None:
        """End the entity opened last; an entity without text is dropped."""
        opened = self._opened.pop()
        if opened.entity is not None and opened.start is not None:
            length = self._length - opened.start
            self._entities.append(Entity(offset=opened.start, length=length, **opened.entity))

    def break_line(self) -> None:
        self._space = False
        self._line_breaks += 1

    def end_line(self, *, empty: bool = False) -> None:
        """Let the next text begin a new line, after an empty line if *empty*."""
        if self._pieces:
            self._line_breaks = max(self._line_breaks, 2 if empty else 1)
        self._space = False

    def take(self) -> tuple[str, tuple[Entity, ...]]:
        """Return the text and entities so far (outer entities first), and start again."""
        text = "".join(self._pieces)
        entities = sorted(self._entities, key=lambda entity: (entity.offset, -entity.length))
        self._pieces, self._entities = [], []
        self._length = self._line_breaks = 0
        self._space = False
        return text, tuple(entities)

    def _put(self, text: str) -> None:
        if self._pieces:
            gap = "\n" * self._line_breaks
            if self._space and not gap and not self._pieces[-1].endswith((" ", "\n")):
                gap = " "
            if gap:
                self._pieces.append(gap)
                self._length += len(gap)
        self._line_breaks, self._space = 0, False
        for opened in self._opened:
            if opened.start is None:
                opened.start = self._length
        self._pieces.append(text)
        self._length += units(text)


@dataclass(frozen=True, slots=True)
class Page:
    blocks: tuple[Block, ...]
    keyboard: Keyboard = ()


def parse_page(html: str, parts: Sequence[Page] = (), direction: str = "ltr") -> Page:
    """Return the blocks and buttons of *html*, in a language of this *direction*.

    Raises TemplateError for a tag or nesting that templates may not have.
    """
    reader = _PageReader(parts, is_rtl=direction == RTL)
    reader.feed(html)
    return Page(reader.blocks(), reader.keyboard)


class _PageReader(MarkupReader):
    def __init__(self, parts: Sequence[Page], *, is_rtl: bool) -> None:
        super().__init__()
        self._parts = parts
        self._is_rtl = is_rtl
        self._open_blocks = 0
        self._writer = _Writer()
        self._done: list[Block] = []
        self._margin = False
        self._opens_section = False

    def blocks(self) -> tuple[Block, ...]:
        self._end_block()
        return tuple(self._done)

    def handle_text(self, text: str) -> None:
        if not _VERBATIM.isdisjoint(self._open):
            text = without_joiners(text)
        if "nav" in self._open:
            super().handle_text(text)
        elif "pre" in self._open:
            self._writer.write_verbatim(text)
        else:
            self._writer.write(text)

    def handle_start(self, tag: str, attributes: Attributes) -> None:
        if tag == "br":
            self._writer.break_line()
        elif tag == "hr":
            self._require_top_level(tag)
            self._end_block()
            self._opens_section = True
        elif tag in INLINE or tag in BLOCKS:
            if tag in BLOCKS:
                self._begin_block(tag)
            self._open.append(tag)
            self._writer.open(_entity_of(tag, attributes))
            if tag == "li":
                self._writer.write_verbatim("• ")
        elif tag == "ul":
            self._open.append(tag)
        elif tag == "tg-part":
            raise self.error("<tg-part> without a number stands for nothing")
        else:
            super().handle_start(tag, attributes)

    def handle_end(self, tag: str) -> None:
        super().handle_end(tag)
        if tag in INLINE:
            self._writer.close()
        elif tag in BLOCKS:
            self._writer.close()
            self._open_blocks -= 1
            self._writer.end_line() if self._open_blocks else self._end_block()

    def handle_part(self, number: int) -> None:
        self._require_top_level("tg-part")
        if number >= len(self._parts):
            raise self.error(f"<tg-part id={number}> stands for nothing")
        self._end_block()
        blocks = self._parts[number].blocks
        if blocks and self._opens_section:
            blocks = (blocks[0].opening_section(), *blocks[1:])
            self._opens_section = False
        self._done.extend(blocks)
        self._rows.extend(map(list, self._parts[number].keyboard))

    def _require_top_level(self, tag: str) -> None:
        if self._open:
            raise self.error(f"<{tag}> stands inside <{self._open[-1]}>")

    def _begin_block(self, tag: str) -> None:
        self.require_no_inline(tag)
        if self._open_blocks == 0:
            self._end_block()
            self._margin = tag == "p"
        else:
            self._writer.end_line(empty=tag == "p")
        self._open_blocks += 1

    def _end_block(self) -> None:
        text, entities = self._writer.take()
        if text:
            block = Block(text, entities, self._margin, self._opens_section)
            self._done.append(with_marks(block) if self._is_rtl else block)
            self._opens_section = False
        self._margin = False


def _entity_of(tag: str, attributes: Attributes) -> Fields | None:
    """Return the fields of the entity of a tag, or None if the tag makes none."""
    if tag == "a":
        url = link_of(attributes)
        return {"type": "text_link", "url": url} if url else None
    if tag == "tg-time":
        time = attributes.get("unix") or ""
        if not time.isdecimal():
            raise TemplateError(f"<tg-time unix={time!r}> is no timestamp")
        layout = attributes.get("format") or None
        return {"type": "date_time", "unix_time": int(time), "date_time_format": layout}
    if tag == "blockquote":
        return {"type": "expandable_blockquote" if "expandable" in attributes else tag}
    if tag == "pre":
        return {"type": tag, "language": attributes.get("language") or None}
    return {"type": INLINE[tag]} if tag in INLINE else None


def link_of(attributes: Attributes) -> str:
    """Return the URL of a link, "" if a message may not link to it."""
    url = (attributes.get("href") or "").strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in LINKS and (parts.netloc or parts.path) else ""


_TAGS = {
    **{kind: tag for tag, kind in INLINE.items()},
    "date_time": "time",
    "spoiler": "span",
    "pre": "pre",
    "blockquote": "blockquote",
    "expandable_blockquote": "blockquote",
}


def to_html(message: Message) -> Markup:
    """Return a message as HTML for a browser; its entities must nest, as those of pages do."""
    text, marks = message.text, []
    for entity in message.entities:
        tag = _TAGS[entity.type]
        start = f'<a href="{escape(entity.url)}">' if entity.url else f"<{tag}>"
        marks.append((index_of(text, entity.offset), True, start))
        marks.insert(0, (index_of(text, entity.end), False, f"</{tag}>"))
    # At the same offset, tags close before others open, inner tags first.
    marks.sort(key=lambda mark: mark[:2])
    html, done = "", 0
    for at, _, mark in marks:
        html += escape(text[done:at], quote=False) + mark
        done = at
    return Markup(html + escape(text[done:], quote=False))  # noqa: S704 - escaped above
