"""Templates' HTML to Telegram's rich HTML: checked, without the white space between its tags.

Blocks: h1 to h6, p, ul and ol with li, blockquote, details with summary, footer, hr, pre. Inline:
b i u s code a tg-spoiler tg-time br. `<nav>` is a row of the keyboard, as in `html`. A
link that is neither http, https, tg nor mailto is only its text. Limits: Bot API 10.3.
"""

import re
from dataclasses import dataclass
from html import escape

from bot.rendering.bidi import FSI, PDI, RTL
from bot.rendering.html import INLINE, Attributes, MarkupReader, TemplateError, may_link
from bot.rendering.keyboards import Rows
from bot.rendering.messages import Keyboard

MAX_CHARACTERS = 32_768
MAX_BLOCKS = 500

_HEADINGS = frozenset(f"h{size}" for size in range(1, 7))
_BLOCKS = _HEADINGS | {"p", "ul", "ol", "li", "blockquote", "details", "summary", "footer", "pre"}
_EMPTY = frozenset({"br", "hr"})
_KEPT = {"tg-time": ("unix", "format"), "details": ("open",)}
_SPACE = re.compile(r"[ \t\r\n\f]+")


@dataclass(frozen=True, slots=True)
class RichPage:
    html: str
    keyboard: Keyboard
    blocks: int

    @property
    def fits(self) -> bool:
        """Whether it may be sent. Unlike Telegram, this counts the tags too."""
        return bool(self.html) and len(self.html) <= MAX_CHARACTERS and self.blocks <= MAX_BLOCKS


def parse_rich(html: str, direction: str = "ltr") -> RichPage:
    """Return the rich message of *html*, in a language of this *direction*.

    Raises TemplateError for a tag or nesting that templates may not have.
    """
    reader = _Reader(is_rtl=direction == RTL)
    reader.feed(html)
    return reader.finished()


class _Reader(MarkupReader):
    def __init__(self, *, is_rtl: bool) -> None:
        self._is_rtl = is_rtl
        self._open: list[str] = []
        self._pieces: list[str] = []
        self._rows = Rows()
        self._blocks = 0

    def finished(self) -> RichPage:
        if self._open:
            raise TemplateError(f"<{self._open[-1]}> is never closed")
        return RichPage("".join(self._pieces), self._rows.keyboard(), self._blocks)

    def handle_text(self, text: str) -> None:
        if "nav" in self._open:
            self._rows.write(text)
        elif "pre" in self._open:
            self._pieces.append(escape(text, quote=False))
        else:
            text = _SPACE.sub(" ", text)
            if self._at_an_edge():
                text = text.lstrip(" ")
            self._pieces.append(escape(text, quote=False))

    def handle_start(self, tag: str, attributes: Attributes) -> None:
        if tag == "nav":
            self._rows.begin_row()
        elif tag == "button":
            self._begin_button(attributes)
        elif tag in _EMPTY:
            self._write_empty(tag)
            return
        elif tag in _BLOCKS:
            self._begin_block(tag, attributes)
        elif tag in INLINE:
            self._begin_inline(tag, attributes)
        else:
            raise self.error(f"<{tag}> is not ours")
        self._open.append("text" if tag == "a" and not _link(attributes) else tag)

    def handle_end(self, tag: str) -> None:
        opened = self._open.pop() if self._open else ""
        if opened != tag and not (opened == "text" and tag == "a"):
            raise self.error(f"</{tag}> closes nothing")
        if tag == "button":
            self._rows.finish_button()
        elif tag in _BLOCKS:
            self._trim()
            self._pieces.append(f"</{tag}>")
        elif opened in INLINE:
            self._pieces.append(f"</{tag}>{PDI if self._is_isolated() else ''}")

    def _begin_button(self, attributes: Attributes) -> None:
        if self._open[-1:] != ["nav"]:
            raise self.error("<button> stands outside <nav>")
        self._rows.begin_button(attributes.get("data"), attributes.get("url"))

    def _begin_inline(self, tag: str, attributes: Attributes) -> None:
        start = _start(tag, attributes)
        self._pieces.append(FSI + start if start and self._is_isolated() else start)

    def _is_isolated(self) -> bool:
        """Return whether the tag that starts or ended here is in no other that is isolated."""
        return self._is_rtl and not any(opened in INLINE for opened in self._open)

    def _begin_block(self, tag: str, attributes: Attributes) -> None:
        if any(opened in INLINE for opened in self._open):
            raise self.error(f"<{tag}> stands inside <{self._open[-1]}>")
        self._write_block(_start(tag, attributes))

    def _write_empty(self, tag: str) -> None:
        self._trim()
        self._blocks += tag == "hr"
        self._pieces.append(f"<{tag}>")

    def _write_block(self, tag: str) -> None:
        self._trim()
        self._blocks += 1
        self._pieces.append(tag)

    def _trim(self) -> None:
        """Drop the white space before the start or end of a block, or before a new line."""
        while self._pieces and not self._pieces[-1].startswith("<"):
            kept = self._pieces[-1].rstrip(" ")
            if kept:
                self._pieces[-1] = kept
                return
            self._pieces.pop()

    def _at_an_edge(self) -> bool:
        """Return whether white space would follow no text, or another space."""
        last = self._pieces[-1] if self._pieces else "<br>"
        if not last.startswith("<"):
            return last.endswith(" ")
        name = last.strip("</>").split(" ", maxsplit=1)[0]
        return name in _BLOCKS or name in _EMPTY


def _start(tag: str, attributes: Attributes) -> str:
    if tag == "a":
        return f'<a href="{escape(link)}">' if (link := _link(attributes)) else ""
    kept = [name for name in _KEPT.get(tag, ()) if name in attributes]
    values = "".join(
        f' {name}="{escape(value)}"' if (value := attributes[name]) else f" {name}" for name in kept
    )
    return f"<{tag}{values}>"


def _link(attributes: Attributes) -> str:
    url = (attributes.get("href") or "").strip()
    return url if may_link(url) else ""
