"""Reads the HTML of rich messages into a tree of tags, and refuses what does not nest.

The tags are those of the Bot API's rich messages that need no media; the words of the refusals are
ours.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Union

from bot.playground.answers import Refusal, bad_request

HEADINGS = {f"h{size}": size for size in range(1, 7)}
STYLES = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "code": "code", "mark": "marked", "sub": "subscript", "sup": "superscript",
    "tg-spoiler": "spoiler",
}  # fmt: skip
INLINE = {*STYLES, "a", "tg-time", "br"}
BLOCKS = {*HEADINGS, "p", "footer", "hr", "pre", "blockquote", "ul", "ol", "details"}
_INSIDE = {"li": {"ul", "ol"}, "summary": {"details"}}
_EMPTY = {"br", "hr"}


@dataclass(slots=True)
class Node:
    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list[Union[str, "Node"]] = field(default_factory=list)


def read_tree(html: str) -> Node:
    """The root, a tag without a name; raises the Refusal of what cannot be read."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if len(reader.open) > 1:
        raise cannot_parse(f'no end tag for "{reader.open[-1].tag}"')
    return reader.open[0]


def cannot_parse(reason: str) -> Refusal:
    return bad_request(f"can't parse rich message: {reason}")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Node("")]

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self.open[-1].tag
        if tag not in INLINE | BLOCKS | _INSIDE.keys():
            raise cannot_parse(f'unsupported start tag "{tag}"')
        if tag in BLOCKS and any(node.tag in INLINE for node in self.open):
            raise cannot_parse(f'a block "{tag}" inside of text')
        if parent not in _INSIDE.get(tag, {parent}):
            raise cannot_parse(f'"{tag}" inside of "{parent}"')
        node = Node(tag, dict(attrs))
        self.open[-1].children.append(node)
        if tag not in _EMPTY:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag != tag:
            raise cannot_parse(f'unexpected end tag "{tag}"')
        self.open.pop()
