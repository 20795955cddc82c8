"""The standfirst of an article: the words under its headline that say what it tells.

Extractors often take it for a part of the headline and drop it. It stands between the headline
and the body: a text that its class calls a lead, that is the page's description, or that shares a
block with the headline. It is a sentence at least, and no caption, name or call to subscribe.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from bot.sources.webpages.pageblocks import leaves
from bot.sources.webpages.pagemeta import line_of
from bot.sources.webpages.pagetitles import letters_of

_NAMES = re.compile(
    r"(?:^|[\W_])(?:lead|lede|dek|deck|standfirst|teaser|excerpt|intro|introduction|preface"
    r"|preamble|summary|abstract|subtitle|sub-title|subhead\w*|tagline|chapo|chapeau|vorspann"
    r"|einleitung|untertitel|bajada|copete|entradilla|sommario|occhiello|ingress|manchet|perex"
    r"|sapo|linha-?fina|description)(?:$|[\W_])",
    re.IGNORECASE,
)
_OTHER_PARTS = re.compile(
    r"caption|credit|byline|author|share|social|comment|cookie|newsletter|subscri|paywall|related"
    r"|promo|advert|sponsor|breadcrumb|menu|audio|video|player|faits|factbox",
    re.IGNORECASE,
)
_PROSE = frozenset({"p", "div", "h2", "h3", "h4", "h5", "section", "header", "blockquote"})
_ELSEWHERE = ("aside", "nav", "footer", "figure", "form", "ul", "ol", "table")
_SENTENCE_END = re.compile(r"[.。!?…\uff01\uff1f\u0964\u06d4\u061f][\W_]*$")
_SHORTEST, _LONGEST = 50, 700
_BEGINNING = 40  # letters of a description, which may be cut
_START = 120  # letters of a body, which may repeat a sentence of its standfirst
_MOST_BLOCKS = 40
_MOST = 3


def standfirst(root: Any, title: str, description: str, body: list[str]) -> list[str]:
    """The paragraphs of it that are on the page *root* and not in the *body*."""
    heading = _heading(root, letters_of(title))
    if heading is None or not body:
        return []
    start = letters_of(body[0])[:_START]
    told = letters_of(" ".join(body))
    described = letters_of(description)[:_BEGINNING]
    found: list[str] = []
    for block in islice(_blocks_after(heading), _MOST_BLOCKS):
        text = line_of(block)
        letters = letters_of(text)
        if letters.startswith(start) or (len(letters) >= _BEGINNING and letters in told):
            break
        is_described = bool(described) and letters.startswith(described)
        is_one = is_described or _is_marked(block) or _is_beside(block, heading)
        if is_one and _is_prose(block, text):
            found.append(text)
    return list(dict.fromkeys(found))[:_MOST]


def _heading(root: Any, title: str) -> Any:
    """The one that is the *title*, else one that holds it."""
    headings = (
        [(each, letters_of(line_of(each))) for each in root.iter("h1", "h2")] if title else []
    )
    same = (each for each, letters in headings if letters == title)
    holding = (each for each, letters in headings if title in letters)
    return next(chain(same, holding), None)


def _blocks_after(heading: Any) -> Iterator[Any]:
    """Those that hold no other block."""
    for around in (heading, *heading.iterancestors()):
        for sibling in around.itersiblings("*"):
            yield from leaves(sibling)


def _is_marked(block: Any) -> bool:
    around = (block, *islice(block.iterancestors(), 2))
    return any(_NAMES.search(_names_of(each)) for each in around)


def _names_of(element: Any) -> str:
    return f"{element.get('class') or ''} {element.get('id') or ''} {element.get('itemprop') or ''}"


def _is_beside(block: Any, heading: Any) -> bool:
    around = heading.getparent()
    return (
        around is not None
        and around.tag in {"header", "hgroup"}
        and around in block.iterancestors()
    )


def _is_prose(block: Any, text: str) -> bool:
    if block.tag not in _PROSE or not _SHORTEST <= len(text) <= _LONGEST:
        return False
    if not _SENTENCE_END.search(text) or next(block.iterancestors(*_ELSEWHERE), None) is not None:
        return False
    around = (block, *islice(block.iterancestors(), 2))
    if any(_OTHER_PARTS.search(_names_of(each)) for each in around):
        return False
    linked = sum(len(line_of(link)) for link in block.iter("a"))
    return linked * 2 < len(text)
