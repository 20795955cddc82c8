"""Reading our templates' HTML: tags and text, one after the other.

A `<` that begins no tag is text, one whose tag has no end an error, and a comment nothing. The
standard library's parser forgives much that no template of ours does, and takes longer for it.
"""

import re
from html import unescape

from bot.rendering.autolinks import without_joiners
from bot.rendering.direction import without_overrides

Attributes = dict[str, str | None]

_PIECE = re.compile(
    r"(?P<text>(?:[^<]|<(?![a-zA-Z/!]))+)"
    r"|<(?P<end>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9-]*)(?P<rest>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>"
    r"|<!--.*?-->"
    r"|(?P<stray><)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([^\s=/"'>]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")


class TemplateError(ValueError):
    """The HTML is not what templates may give; the sentence names the tag and the line."""


class MarkupReader:
    """Calls `handle_start`, `handle_end` and `handle_text` for what it reads."""

    _html = ""
    _at = 0

    def feed(self, html: str) -> None:
        """Read *html*; overrides of direction, which no template of ours has, are left out."""
        self._html = html = without_overrides(html)
        for piece in _PIECE.finditer(html):
            self._at = piece.start()
            kind = piece.lastgroup
            if kind == "rest":
                self._handle_tag(piece)
            elif kind == "stray":
                raise self.error("a tag is never ended with >")
            elif kind == "text":
                text = piece[0]
                self.handle_text(unescape(text) if "&" in text else text)

    def error(self, sentence: str) -> TemplateError:
        """Return the error for where the reading stands."""
        line = self._html.count("\n", 0, self._at) + 1
        return TemplateError(f"line {line}: {sentence}")

    def handle_start(self, tag: str, attributes: Attributes) -> None:
        raise NotImplementedError

    def handle_end(self, tag: str) -> None:
        raise NotImplementedError

    def handle_text(self, text: str) -> None:
        """Take text whose character references are read; it may come in several pieces."""
        raise NotImplementedError

    def _handle_tag(self, piece: re.Match[str]) -> None:
        tag = piece["tag"].lower()
        if piece["end"]:
            self.handle_end(tag)
        else:
            self.handle_start(tag, _attributes(piece["rest"]))


def _attributes(text: str) -> Attributes:
    if not text:
        return {}
    return {
        name.lower(): unescape(value.strip("\"'")) if value else None
        for name, value in _ATTRIBUTE.findall(without_joiners(text))
    }
