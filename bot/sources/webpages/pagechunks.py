"""One story that a page keeps in several elements, with advertisements in between, joined.

Some sites cut their stories into chunks, and an extractor takes one of them for all. Chunks are
alike in name and class, hold nearly all paragraphs of the page, and nothing between them begins
another story: no headline, no author, no time.
"""

import re
from typing import Any

from bot.sources.webpages.pageblocks import leaves, prose_of
from bot.sources.webpages.pagelines import nearby
from bot.sources.webpages.pagemeta import line_of

_MOST_PROSE = 0.6
_BEGINS_ANOTHER = frozenset({"h1", "h2", "h3", "h4", "p", "time", "article"})
_OTHER_STORY = re.compile(r"author|byline|posted|profile|avatar|comment|user", re.IGNORECASE)


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
    if are_nested or not all(map(nearby, chunks)) or _is_another_between(root, chunks):
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
