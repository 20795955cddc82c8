"""Parses the HTML of a rich message into its blocks, within the limits of the Bot API."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Union

from bot.playground.errors import ApiError, bad_request
from bot.playground.text.entities import checked_date_format, checked_url, utf16_length

HEADINGS = {f"h{size}": size for size in range(1, 7)}
STYLES = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "code": "code", "mark": "marked", "sub": "subscript", "sup": "superscript",
    "tg-spoiler": "spoiler",
}  # fmt: skip
INLINE = {*STYLES, "a", "tg-time", "br"}
BLOCKS = {*HEADINGS, "p", "footer", "hr", "img", "pre", "blockquote", "ul", "ol", "details"}
_INSIDE = {"li": {"ul", "ol"}, "summary": {"details"}}
_UNIX_TIME = re.compile("[0-9]{1,18}")
_EMPTY = {"br", "hr", "img"}


@dataclass(slots=True)
class Node:
    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list[Union[str, "Node"]] = field(default_factory=list)


def read_tree(html: str) -> Node:
    """Return the root, a node without a tag; raise if the markup is invalid."""
    reader = _TreeReader()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError):  # raised by the parser of the standard library
        raise _cannot_parse("broken markup") from None
    if len(reader.open) > 1:
        raise _cannot_parse(f'no end tag for "{reader.open[-1].tag}"')
    return reader.open[0]


def _cannot_parse(reason: str) -> ApiError:
    return bad_request(f"can't parse rich message: {reason}")


class _TreeReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Node("")]

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self.open[-1].tag
        if tag not in INLINE | BLOCKS | _INSIDE.keys():
            raise _cannot_parse(f'unsupported start tag "{tag}"')
        if tag in BLOCKS and any(node.tag in INLINE for node in self.open):
            raise _cannot_parse(f'a block "{tag}" inside of text')
        if parent not in _INSIDE.get(tag, {parent}):
            raise _cannot_parse(f'"{tag}" inside of "{parent}"')
        node = Node(tag, dict(attrs))
        self.open[-1].children.append(node)
        if tag not in _EMPTY:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag != tag:
            raise _cannot_parse(f'unexpected end tag "{tag}"')
        self.open.pop()


MOST_CHARACTERS = 32_768
MOST_BLOCKS = 500
DEEPEST = 16

Block = dict[str, Any]
Text = Any  # a string, an Object, or an Array of them


def rich_message(html: str, *, is_rtl: bool = False) -> dict[str, Any]:
    """Return `rich_message` of a message; raise if it is empty or too large."""
    builder = _Builder()
    try:
        blocks = builder.blocks(read_tree(html).children, depth=1)
    except RecursionError:
        raise bad_request("rich message is nested too deep") from None
    if not blocks or not builder.characters:
        raise bad_request("RICH_MESSAGE_CONTENT_REQUIRED")
    if builder.characters > MOST_CHARACTERS:
        raise bad_request("message is too long")
    if builder.count > MOST_BLOCKS:
        raise bad_request("rich message has too many blocks")
    return {"rich_message": {"blocks": blocks} | ({"is_rtl": True} if is_rtl else {})}


class _Builder:
    """Counts the characters and blocks that it has built."""

    def __init__(self) -> None:
        self.characters = 0
        self.count = 0

    def blocks(self, children: Iterable[str | Node], depth: int) -> list[Block]:
        """Return the blocks of *children*; text between them is a paragraph."""
        if depth > DEEPEST:
            raise bad_request("rich message is nested too deep")
        built: list[Block] = []
        loose: list[str | Node] = []
        for child in children:
            if isinstance(child, Node) and child.tag in BLOCKS:
                built += self.paragraph(loose)
                built.append(self.block(child, depth))
                loose = []
            else:
                loose.append(child)
        return built + self.paragraph(loose)

    def paragraph(self, children: list[str | Node]) -> list[Block]:
        text = self.text(children)
        if text == "" or (isinstance(text, str) and text.isspace()):
            return []
        self.count += 1
        return [{"type": "paragraph", "text": text}]

    def block(self, node: Node, depth: int) -> Block:
        self.count += 1
        match node.tag:
            case "p" | "footer" | "pre" as tag:
                kind = "paragraph" if tag == "p" else tag
                return {"type": kind, "text": self.text(node.children)}
            case "hr" | "img":
                return _photo(node) if node.tag == "img" else {"type": "divider"}
            case "blockquote":
                return {"type": "blockquote", "blocks": self.blocks(node.children, depth + 1)}
            case "ul" | "ol":
                return {"type": "list", "items": self.items(node, depth + 1)}
            case "details":
                return self.details(node, depth + 1)
            case _:
                size = HEADINGS[node.tag]
                return {"type": "heading", "text": self.text(node.children), "size": size}

    def items(self, node: Node, depth: int) -> list[Block]:
        items = [child for child in node.children if isinstance(child, Node)]
        self.count += len(items)
        return [
            {
                "label": "•" if node.tag == "ul" else f"{number}.",
                "blocks": self.blocks(item.children, depth),
            }
            for number, item in enumerate(items, 1)
        ]

    def details(self, node: Node, depth: int) -> Block:
        nodes = [child for child in node.children if isinstance(child, Node)]
        if not nodes or nodes[0].tag != "summary":
            raise _cannot_parse('"details" without "summary"')
        inner = [child for child in node.children if child is not nodes[0]]
        summary = self.text(nodes[0].children)
        block: Block = {"type": "details", "summary": summary, "blocks": self.blocks(inner, depth)}
        return block | ({"is_open": True} if "open" in node.attributes else {})

    def text(self, children: Iterable[str | Node]) -> Text:
        pieces = [self.piece(child) for child in children]
        kept = [piece for piece in pieces if piece != ""]
        return kept[0] if len(kept) == 1 else kept or ""

    def piece(self, child: str | Node) -> Text:
        if isinstance(child, str):
            self.characters += utf16_length(child)
            return child
        if child.tag == "br":
            return "\n"
        inner = self.text(child.children)
        if child.tag == "a":
            return {
                "type": "url",
                "text": inner,
                "url": checked_url(child.attributes.get("href") or ""),
            }
        if child.tag == "tg-time":
            return _date_time(child, inner)
        if child.tag not in STYLES:
            raise _cannot_parse(f'a block "{child.tag}" inside of text')
        return {"type": STYLES[child.tag], "text": inner}


def _photo(node: Node) -> Block:
    """Return a photo by its address, because the playground loads no picture."""
    url = node.attributes.get("src") or ""
    if not url.startswith(("http://", "https://")):
        raise _cannot_parse(f'invalid photo URL "{url}" specified')
    size = {"file_id": url, "file_unique_id": url, "width": 1280, "height": 720}
    return {"type": "photo", "photo": [size]}


def _date_time(node: Node, inner: Text) -> Block:
    timestamp = node.attributes.get("unix") or ""
    if not _UNIX_TIME.fullmatch(timestamp):
        raise _cannot_parse("invalid date specified")
    layout = checked_date_format(node.attributes.get("format") or "")
    return {
        "type": "date_time",
        "text": inner,
        "unix_time": int(timestamp),
        "date_time_format": layout.get("date_time_format", ""),
    }
