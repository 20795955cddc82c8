"""Simplifies markup that would mislead the extractor.

Empty inline elements are removed, because the extractor drops the words after one. Line ends within
a paragraph become blanks, because it takes each line for a paragraph. Tables that only lay out a
page become blocks. The buttons of video players are removed.

Some sites cut their stories into chunks with advertisements in between, and the extractor takes
one chunk for the whole. Chunks share name and class and contain nearly all paragraphs of the page.
Nothing between them begins another story: no headline, no author, no time.
"""

from itertools import islice
from typing import Any

from bot.sources.feeds.text import without_controls
from bot.sources.pages.dom import class_pattern, drop, is_nearby, leaves, line_of, prose_of

_INLINE = ("strong", "b", "em", "i", "u", "span", "a", "font", "small", "mark")
_LINED = ("pre", "textarea", "script", "style")
_PLAYERS = "//*[contains(concat(' ', @class, ' '), ' video-js ') or contains(@class, 'vjs-')]"
_LAYOUT_CELL = 250  # characters
_MOST_TABLES = 60
_MOST_PROSE = 0.6
_BEGINS_ANOTHER = frozenset({"h1", "h2", "h3", "h4", "p", "time", "article"})
_OTHER_STORY = class_pattern("other_story")


def simplify(root: Any) -> None:
    _join_lines(root)
    for player in root.xpath(_PLAYERS):
        drop(player)
    for table in list(islice(root.iter("table"), _MOST_TABLES)):
        _flatten(table)
    for element in list(root.iter(*_INLINE)):
        if not len(element) and not (element.text or "").strip():
            element.tail = (element.text or "") + (element.tail or "")
            drop(element)


def _flatten(table: Any) -> None:
    parts = [part for part in table.iter("tbody", "tr", "td") if _table_of(part) is table]
    if any(part.tag == "td" and len(line_of(part)) > _LAYOUT_CELL for part in parts):
        for part in [table, *parts]:
            part.tag = "div"


def _table_of(part: Any) -> Any:
    """Return the nearest table around *part*, so that a table of figures in a layout stays one."""
    return next(part.iterancestors("table"), None)


def _join_lines(root: Any) -> None:
    """Put each text of *root* on one line, without controls, which lxml's own trees may have."""
    lined = {inside for element in root.iter(*_LINED) for inside in element.iter()}
    for node in root.iter():
        text, tail = node.text, node.tail
        # The only printable white space is the blank, and most texts have no other.
        if text and not text.isprintable() and isinstance(node.tag, str):  # no comment
            node.text = without_controls(text) if node in lined else _joined(text)
        if tail and not tail.isprintable() and (around := node.getparent()) is not None:
            node.tail = without_controls(tail) if around in lined else _joined(tail)


def _joined(text: str) -> str:
    if "\n" in text:
        if text.isspace():
            return " "
        first, *between, last = text.split("\n")
        text = " ".join([first.rstrip(), *filter(None, map(str.strip, between)), last.lstrip()])
    return text if text.isprintable() else without_controls(text)


def join_chunks(root: Any) -> None:
    """Move the paragraphs of later chunks of *root* into the first one."""
    whole = 0
    held: dict[tuple[str, str], dict[Any, int]] = {}
    for leaf in leaves(root):
        if prose := prose_of(leaf, line_of(leaf)):
            whole += prose
            holder = leaf.getparent()
            if holder is not None and leaf.tag == "p" and holder.get("class"):
                same = held.setdefault((holder.tag, holder.get("class")), {})
                same[holder] = same.get(holder, 0) + prose
    chunks = max(held.values(), key=lambda same: sum(same.values()), default={})
    if len(chunks) > 1 and sum(chunks.values()) >= _MOST_PROSE * whole:
        _join(root, list(chunks))


def _join(root: Any, chunks: list[Any]) -> None:
    first, *later = chunks
    are_nested = any(not set(chunks).isdisjoint(chunk.iterancestors()) for chunk in chunks)
    if are_nested or not all(map(is_nearby, chunks)) or _is_another_between(root, chunks):
        return
    for chunk in later:
        first.extend(list(chunk))


def _is_another_between(root: Any, chunks: list[Any]) -> bool:
    left, chunk = set(chunks), None
    for element in root.iter("*"):
        if element in left:
            left.remove(element)
            chunk = element
        elif chunk is not None and chunk not in element.iterancestors():
            if not left:
                return False
            if _begins_another(element):
                return True
    return bool(left)


def _begins_another(element: Any) -> bool:
    names = f"{element.get('class') or ''} {element.get('itemprop') or ''}"
    return element.tag in _BEGINS_ANOTHER or _OTHER_STORY.search(names) is not None
