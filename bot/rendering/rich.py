"""Converts the HTML of templates to Telegram's rich HTML, checks it, and drops needless spaces.

Blocks: h1 to h6, p, ul and ol with li, blockquote, details with summary, footer, hr, pre. Inline:
b i u s code a tg-spoiler tg-time br. `<nav>` is a row of the keyboard, as in `html`. A link with a
scheme other than http, https, tg or mailto becomes plain text. The limits are those of Bot API
10.3.

Only chats that ask for rich messages get them, because old clients show a placeholder instead. The
delivery's fallback holds the classic messages. If Telegram refuses a rich message, the transaction
that records the refusal replaces it with the classic ones, and the chat gets classic messages until
it asks for rich ones again. An unknown outcome is handled as for any other message, so that nothing
is sent twice.
"""

from dataclasses import dataclass
from html import escape

from bot.rendering.bidi import FSI, PDI, RTL
from bot.rendering.html import INLINE, SPACE, Attributes, MarkupReader, link_of
from bot.rendering.messages import Keyboard

MAX_CHARACTERS = 32_768
MAX_BLOCKS = 499  # and the picture above them

_HEADINGS = frozenset(f"h{size}" for size in range(1, 7))
_BLOCKS = _HEADINGS | {"p", "ul", "ol", "li", "blockquote", "details", "summary", "footer", "pre"}
_EMPTY = frozenset({"br", "hr"})
_KEPT = {"tg-time": ("unix", "format"), "details": ("open",)}


@dataclass(frozen=True, slots=True)
class RichPage:
    html: str
    keyboard: Keyboard
    blocks: int

    @property
    def fits(self) -> bool:
        """Whether Telegram accepts the message. Unlike Telegram, this counts the tags too."""
        return bool(self.html) and len(self.html) <= MAX_CHARACTERS and self.blocks <= MAX_BLOCKS


def parse_rich(html: str, direction: str = "ltr") -> RichPage:
    """Return the rich message of *html*, in a language of this *direction*.

    Raises TemplateError for a tag or nesting that templates may not have.
    """
    reader = _Reader(is_rtl=direction == RTL)
    reader.feed(html)
    return RichPage("".join(reader.pieces), reader.keyboard, reader.blocks)


class _Reader(MarkupReader):
    def __init__(self, *, is_rtl: bool) -> None:
        super().__init__()
        self._is_rtl = is_rtl
        self._ends: list[str] = []  # of the blocks and inline tags that are open
        self.pieces: list[str] = []
        self.blocks = 0

    def handle_text(self, text: str) -> None:
        if "nav" in self._open:
            super().handle_text(text)
            return
        if "pre" not in self._open:
            text = SPACE.sub(" ", text)
            if self._at_an_edge():
                text = text.lstrip(" ")
        self.pieces.append(escape(text, quote=False))

    def handle_start(self, tag: str, attributes: Attributes) -> None:
        if tag in _EMPTY:
            self._trim()
            self.blocks += tag == "hr"
            self.pieces.append(f"<{tag}>")
        elif tag in _BLOCKS:
            self.require_no_inline(tag)
            self._trim()
            self.blocks += 1
            self._begin(tag, _start(tag, attributes), f"</{tag}>")
        elif tag == "a" and not link_of(attributes):
            self._begin(tag, "", "")
        elif tag in INLINE:
            start, end = _start(tag, attributes), f"</{tag}>"
            if self._is_rtl and not any(outer.endswith(PDI) for outer in self._ends):
                start, end = FSI + start, end + PDI
            self._begin(tag, start, end)
        else:
            super().handle_start(tag, attributes)

    def _begin(self, tag: str, start: str, end: str) -> None:
        self._open.append(tag)
        self._ends.append(end)
        self.pieces.append(start)

    def handle_end(self, tag: str) -> None:
        super().handle_end(tag)
        if tag in _BLOCKS:
            self._trim()
        if (tag in _BLOCKS or tag in INLINE) and (end := self._ends.pop()):
            self.pieces.append(end)

    def _trim(self) -> None:
        """Drop white space before the start or end of a block, or before a new line."""
        while self.pieces and not self.pieces[-1].startswith("<"):
            kept = self.pieces[-1].rstrip(" ")
            if kept:
                self.pieces[-1] = kept
                return
            self.pieces.pop()

    def _at_an_edge(self) -> bool:
        """Return whether white space here would follow a tag or another space."""
        last = self.pieces[-1] if self.pieces else "<br>"
        if not last.startswith("<"):
            return last.endswith(" ")
        name = last.strip("</>").split(" ", maxsplit=1)[0]
        return name in _BLOCKS or name in _EMPTY


def _start(tag: str, attributes: Attributes) -> str:
    if tag == "a":
        return f'<a href="{escape(link_of(attributes))}">'
    kept = [name for name in _KEPT.get(tag, ()) if name in attributes]
    values = "".join(
        f' {name}="{escape(value)}"' if (value := attributes[name]) else f" {name}" for name in kept
    )
    return f"<{tag}{values}>"
