"""Our templates' HTML → blocks of text and entities.

Inline: b i u s code a tg-spoiler tg-time br. Blocks: p (an empty line around it), div, li ("• "),
blockquote (`expandable` folds it), pre; a block within a block begins a new line of it. ul only
groups. hr opens a section. `<nav>`, wherever it stands, is a row of the keyboard, its buttons
`<button data="…">` or `<button url="…">`. `<tg-part id="…">` stands for blocks that are read
already (`parts`). White space collapses as in a browser, but not in pre.
An unknown tag is an error: templates are ours. A link that is neither http, https, tg nor mailto
is only its text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from bot.rendering.autolinks import without_joiners
from bot.rendering.blocks import Block
from bot.rendering.direction import RTL, turned
from bot.rendering.keyboards import Rows
from bot.rendering.markup import Attributes, MarkupReader, TemplateError
from bot.rendering.messages import Keyboard
from bot.rendering.writer import Writer

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
_UNLINKED = frozenset({"nav", "pre", "code"})  # where Telegram links nothing
_MARGINS = frozenset({"p"})

Fields = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Page:
    blocks: tuple[Block, ...]
    keyboard: Keyboard = ()


def parse_page(html: str, parts: Sequence[tuple[Block, ...]] = (), direction: str = "ltr") -> Page:
    """Return what *html* holds; raise TemplateError for a tag or nesting that is not ours.

    *direction*: that of its language.
    """
    reader = _Reader(parts, is_turned=direction == RTL)
    reader.feed(html)
    return reader.finished()


def parse_html(html: str) -> tuple[Block, ...]:
    """Return the blocks of *html* alone, without its keyboard."""
    return parse_page(html).blocks


@dataclass(slots=True)
class _Open:
    """What has been read and not been closed."""

    tags: list[str] = field(default_factory=list)
    blocks: int = 0


class _Reader(MarkupReader):
    def __init__(self, parts: Sequence[tuple[Block, ...]], *, is_turned: bool) -> None:
        self._parts = parts
        self._is_turned = is_turned
        self._open = _Open()
        self._writer = Writer()
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
        if not _UNLINKED.isdisjoint(self._open.tags):
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
        elif tag == "tg-part":
            self._take_part(attributes)
        elif tag in INLINE:
            self._begin(tag, _entity_of(tag, attributes))
        elif tag in BLOCKS:
            self._begin_block(tag, attributes)
        elif tag == "ul":
            self._begin(tag, None)
        elif tag in {"nav", "button"}:
            self._begin_keyboard(tag, attributes)
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
            self._rows.begin_button(attributes)
        self._begin(tag, None)

    def _open_section(self) -> None:
        if self._open.tags:
            raise self.error(f"<hr> stands inside <{self._open.tags[-1]}>")
        self._end_block()
        self._opens_section = True

    def _take_part(self, attributes: Attributes) -> None:
        if self._open.tags:
            raise self.error(f"<tg-part> stands inside <{self._open.tags[-1]}>")
        self._end_block()
        blocks = self._part(attributes.get("id") or "")
        if blocks and self._opens_section:
            first, *others = blocks
            blocks = (replace(first, opens_section=True), *others)
            self._opens_section = False
        self._done.extend(blocks)

    def _part(self, number: str) -> Sequence[Block]:
        try:
            return self._parts[int(number)]
        except (ValueError, IndexError):
            raise self.error(f"<tg-part id={number!r}> stands for nothing") from None

    def _end_block(self) -> None:
        text, entities = self._writer.take()
        if text:
            block = Block(text, entities, self._margin, self._opens_section)
            self._done.append(turned(block) if self._is_turned else block)
            self._opens_section = False
        self._margin = False


def _entity_of(tag: str, attributes: Attributes) -> Fields | None:
    kind: Fields = {"type": INLINE[tag]}
    if tag == "a":
        url = (attributes.get("href") or "").strip()
        return kind | {"url": url} if may_link(url) else None
    if tag == "tg-time":
        moment, layout = attributes.get("unix") or "", attributes.get("format")
        if not moment.isdecimal():
            raise TemplateError(f"<tg-time unix={moment!r}> names no moment")
        return kind | {"unix_time": int(moment)} | ({"date_time_format": layout} if layout else {})
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
