"""The lines of a page as its readers see them: the texts of one block each."""

import re
from collections.abc import Iterator
from typing import Any

_ELSEWHERE = frozenset({
    "aside", "nav", "footer", "script", "style", "noscript", "select", "form", "button", "template",
    "head", "title",
})  # fmt: skip
_OTHER_PARTS = re.compile(
    r"comment|respon[ds]|repl(?:y|ies)|related|sidebar|widget|teaser|recommend|popular|trending"
    r"|most-?read|footer|newsletter|carousel|ticker",
    re.IGNORECASE,
)
_WHOLE = frozenset({"html", "body", "main", "article"})
_BLOCKS = frozenset({
    "address", "article", "blockquote", "body", "center", "dd", "div", "dl", "dt", "figcaption",
    "figure", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "li", "main", "ol", "p",
    "pre", "section", "table", "tbody", "td", "th", "tr", "ul",
})  # fmt: skip


def lines_of(texts: list[Any]) -> Iterator[str]:
    """Each block's *texts* (of lxml) as one line; what stands in other parts of a page is left out.

    The texts of a block come in one run, forwards or backwards.
    """
    block, parts = None, list[str]()
    for text in texts:
        parent = text.getparent()
        owner = parent.getparent() if text.is_tail else parent
        if not text.strip() or owner is None or not nearby(owner):
            continue
        nearest = _block_of(owner)
        if nearest is not block and parts:
            yield " ".join(" ".join(parts).split())
            parts = []
        block = nearest
        parts.append(str(text))
    if parts:
        yield " ".join(" ".join(parts).split())


def nearby(element: Any) -> bool:
    """Whether *element* is in the part of the page where the article is, as far as names tell."""
    for around in (element, *element.iterancestors()):
        if around.tag in _ELSEWHERE:
            return False
        if around.tag not in _WHOLE and _OTHER_PARTS.search(
            f"{around.get('class') or ''} {around.get('id') or ''}"
        ):
            return False
    return True


def _block_of(element: Any) -> Any:
    while element.tag not in _BLOCKS and element.getparent() is not None:
        element = element.getparent()
    return element
