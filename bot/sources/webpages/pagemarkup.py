"""Markup that would lead an extractor astray, made plain before it looks.

Tables that only lay out a page become blocks. Empty inline elements go: with one of them the
extractor drops the words behind it. Line ends within a paragraph become blanks: it would take
each line for a paragraph. The words of a video player's buttons are no article's.
"""

import re
from itertools import islice
from typing import Any

from bot.sources.formats.sanitise import without_controls
from bot.sources.webpages.pagemeta import line_of

_INLINE = ("strong", "b", "em", "i", "u", "span", "a", "font", "small", "mark")
_LINED = ("pre", "textarea", "script", "style")
_LINE_ENDS = re.compile(r"\s*\n\s*")
_PLAYERS = "//*[contains(concat(' ', @class, ' '), ' video-js ') or contains(@class, 'vjs-')]"
_LAYOUT_CELL = 250
_MOST_TABLES = 60


def simplified(root: Any) -> Any:
    """*root* itself, changed."""
    for node in root.iter():
        _join_lines(node)
    for player in root.xpath(_PLAYERS):
        if player.getparent() is not None:
            player.drop_tree()
    for table in list(islice(root.iter("table"), _MOST_TABLES)):
        _flatten(table)
    for element in list(root.iter(*_INLINE)):
        if not len(element) and not (element.text or "").strip():
            _dissolve(element)
    return root


def _flatten(table: Any) -> None:
    parts = [part for part in table.iter("tbody", "tr", "td") if _table_of(part) is table]
    if any(part.tag == "td" and len(line_of(part)) > _LAYOUT_CELL for part in parts):
        for part in [table, *parts]:
            part.tag = "div"


def _table_of(part: Any) -> Any:
    """Only of its own rows: a table of figures inside stays one."""
    return next(part.iterancestors("table"), None)


def _dissolve(element: Any) -> None:
    """Only its white space stays."""
    if element.getparent() is not None:
        element.drop_tag()


def _join_lines(node: Any) -> None:
    if isinstance(node.tag, str):  # a comment's own text is nobody's
        node.text = _joined(node.text, node)
    node.tail = _joined(node.tail, node.getparent())


def _joined(text: str | None, around: Any) -> str | None:
    """*text* on one line, and without controls: a tree may hold some that it takes from nobody."""
    if not text or around is None:
        return text
    if "\n" in text and not _keeps_lines(around):
        text = _LINE_ENDS.sub(" ", text)
    return without_controls(text)


def _keeps_lines(element: Any) -> bool:
    return element.tag in _LINED or next(element.iterancestors(*_LINED), None) is not None
