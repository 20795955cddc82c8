"""Elements of a parsed page (lxml) and their texts: blocks, lines, prose.

The whole package shares these definitions of a block, the whole page and the end of a sentence.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from lxml import etree

from bot.sources.feeds.text import without_controls

BLOCKS: Final = (
    "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hgroup", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td",
    "th", "thead", "tr", "ul",
)  # fmt: skip
# Elements that hold the article beside everything else, whatever their classes say.
WHOLE_PAGE: Final = frozenset({"html", "body", "main", "article", "form"})
DENSE: Final = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")  # East Asian
PROSE: Final = 100  # of a paragraph, weighed in Latin letters

_IS_BLOCK = frozenset(BLOCKS)
_ELSEWHERE = frozenset({
    "aside", "nav", "footer", "script", "style", "noscript", "select", "form", "button", "template",
    "head", "title",
})  # fmt: skip
_CLASSES: Final = tomllib.loads(Path(__file__).with_name("classes.toml").read_text("utf-8"))
_CLINGS, _HOLDS = frozenset(",.;:!?\u2026)\u00bb\u201d\u2019'"), frozenset("(\u00ab\u201c\u2019'")
_SENTENCE_END = re.compile("[.!?\u2026\u3002\uff01\uff1f\uff0e\u061f\u06d4\u0964][\\W_]*$")
_CLOSING = 20  # characters at most after the end of a sentence: quotes, brackets, a footnote


def class_pattern(section: str) -> re.Pattern[str]:
    """Return a pattern for any part of a name in a *section* of classes.toml."""
    return re.compile("|".join(_CLASSES[section]), re.IGNORECASE)


_OTHER_PARTS = class_pattern("other_parts")


def parsed(text: str) -> Any:
    """Parse the page *text*; raises lxml's errors if it is empty or broken beyond repair.

    The elements are lxml's plain ones, because those of `lxml.html` take twice as long to walk.
    """
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, collect_ids=False)
    root = etree.fromstring(without_controls(text).encode("utf-8", "replace"), parser)
    if root is None:
        raise etree.ParserError("The page is empty.")
    return root


def drop(element: Any) -> None:
    """Remove *element* from its tree, if it is in one; the text after it stays."""
    parent, tail = element.getparent(), element.tail
    if parent is None:
        return
    previous = element.getprevious()
    if tail and previous is not None:
        previous.tail = without_controls((previous.tail or "") + tail)
    elif tail:
        parent.text = without_controls((parent.text or "") + tail)
    parent.remove(element)


def line_of(element: Any) -> str:
    """Return the text of *element* on one line.

    A blank separates the texts of two elements, such as a name and a date, but not a word that is
    only marked inside a sentence: `<em>late</em>!`, `l'<em>été</em>`.
    """
    parts = list[str]()
    for text in element.itertext():
        if parts and text[:1] not in _CLINGS and parts[-1][-1:] not in _HOLDS:
            parts.append(" ")
        parts.append(text)
    return " ".join("".join(parts).split())


def lines_of(root: Any, name: str) -> list[str]:
    """Return the texts of the elements *name* that are not empty."""
    return [text for element in root.iter(name) if (text := line_of(element))]


def letters_of(text: str) -> str:
    """Return the letters and digits of *text*, to compare wordings."""
    return "".join(filter(str.isalnum, text.casefold()))


def weight_of(text: str) -> int:
    """Return the length of *text* in Latin letters; an East Asian character counts as three."""
    return len(text) if text.isascii() else len(text) + 2 * len(DENSE.findall(text))


def ends_a_sentence(text: str) -> bool:
    return _SENTENCE_END.search(text[-_CLOSING:]) is not None


def names_of(element: Any) -> str:
    """Return the class, id and itemprop of *element*."""
    return f"{element.get('class') or ''} {element.get('id') or ''} {element.get('itemprop') or ''}"


def leaves(root: Any) -> Iterator[Any]:
    """Yield the blocks of *root* that contain no other, in their order; some are empty.

    The tree must not be changed meanwhile.
    """
    opened = None
    for event, element in etree.iterwalk(root, events=("start", "end"), tag=BLOCKS):
        if event == "start":
            opened = element
        elif element is opened:
            yield element


def is_linked(element: Any, text: str) -> bool:
    """Return whether most of the *text* of *element* is in links."""
    return sum(len(line_of(link)) for link in element.iter("a")) * 2 >= len(text)


def prose_of(element: Any, text: str) -> int:
    """Return the weight of a block's *text* if it is a paragraph and not mostly links; else 0."""
    weight = weight_of(text)
    return weight if weight >= PROSE and not is_linked(element, text) else 0


def heading_of(root: Any, title: str) -> Any:
    """Return the heading that equals *title*, else one that contains it, else None."""
    wanted = letters_of(title)
    holding = None
    for each in (*root.iter("h1"), *root.iter("h2")) if wanted else ():
        letters = letters_of(line_of(each))
        if letters == wanted:
            return each
        if holding is None and wanted in letters:
            holding = each
    return holding


def is_nearby(element: Any) -> bool:
    """Return whether *element* may be in the article's part of the page, by its names."""
    for around in (element, *element.iterancestors()):
        if around.tag in _ELSEWHERE:
            return False
        if around.tag not in WHOLE_PAGE and _OTHER_PARTS.search(
            f"{around.get('class') or ''} {around.get('id') or ''}"
        ):
            return False
    return True


def nearby_lines(texts: list[Any]) -> Iterator[str]:
    """Yield each block's *texts* (of lxml) as one line; other parts of the page are left out.

    The texts of a block come in one run, forwards or backwards.
    """
    block, parts = None, list[str]()
    for text in texts:
        parent = text.getparent()
        owner = parent.getparent() if text.is_tail else parent
        if not text.strip() or owner is None or not is_nearby(owner):
            continue
        nearest = _block_of(owner)
        if nearest is not block and parts:
            yield " ".join(" ".join(parts).split())
            parts = []
        block = nearest
        parts.append(str(text))
    if parts:
        yield " ".join(" ".join(parts).split())


def _block_of(element: Any) -> Any:
    while element.tag not in _IS_BLOCK and element.getparent() is not None:
        element = element.getparent()
    return element
