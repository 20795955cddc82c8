"""The text of a letter: its paragraphs and links, without what only belongs to the mailing.

- Hidden text (a preheader) is no part of the text; it comes back beside it.
- Layout tables become paragraphs. A picture counts for nothing, so that no pixel tracks anybody.
- The footer goes: from the first line that speaks of the subscription and has no prose behind it,
  with a postal address before it. Such a line elsewhere goes alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

from lxml import etree

from bot.languages import any_of
from bot.sources.feeds.text import one_line, tidy
from bot.sources.pages.dom import BLOCKS, parsed, weight_of
from bot.sources.urls import is_link, is_web

MOST_HTML: Final = 2_000_000  # characters
_MOST_LINKS: Final = 400
_MOST_PARAGRAPHS: Final = 3_000
_LONGEST_LINK_TEXT: Final = 200
_LONGEST_LINE: Final = 400  # in Latin letters, of a line about the mailing
_PROSE: Final = 250  # in Latin letters, of a paragraph behind which no footer lies
_SHORT: Final = 120
_MOST_BETWEEN: Final = 1  # lines of a footer that do not speak of the mailing, between two that do
_KEPT_SHARE: Final = 0.2
_FEWEST_HARD_LINES: Final = 3
_WRAPPED = range(50, 84)  # columns at which programs wrap plain text

_DROPPED: Final = frozenset(
    ("script", "style", "head", "title", "noscript", "template", "svg", "object", "iframe", "form",
     "img", "audio", "video", "select", "button", "textarea", "input", "map", "meta", "link")
)  # fmt: skip
_IS_BLOCK: Final = frozenset((*BLOCKS, "body", "html", "caption", "br"))
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|opacity\s*:\s*0(?:\.0+)?\s*(?:;|$|!)"
    r"|max-height\s*:\s*0(?:px)?\s*(?:;|$|!)|font-size\s*:\s*[01](?:px|pt)?\s*(?:;|$|!)"
    r"|line-height\s*:\s*0(?:px)?\s*(?:;|$|!)[^<]{0,200}overflow\s*:\s*hidden",
    re.IGNORECASE,
)
_FILLERS = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2007\u2060-\u2064\ufeff]+"
)
_POSTAL = re.compile(r"\d{3,6}")
_BRACKETED_URL = re.compile(r"\s*[<(\[]\s*https?://[^\s<>)\]]{1,2000}\s*[>)\]]")
_URL = re.compile(r"https?://[^\s<>\"')\]]{1,2000}")
_RULE = re.compile(r"[\W_]{3,}")
_FORWARDED_LINE = re.compile(r"[>*\s]{0,4}[^\W\d_][^:\n\uff1a]{0,24}\*?\s?[:\uff1a]\s*\S")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


@dataclass(frozen=True, slots=True)
class LetterLink:
    """*line*: the paragraph of HTML in which the link stands."""

    url: str
    text: str
    line: str = ""


@dataclass(frozen=True, slots=True)
class LetterBody:
    """*hidden*: the text that a mail program shows in its list only."""

    paragraphs: Sequence[str]
    links: Sequence[LetterLink] = ()
    hidden: str = ""

    @property
    def weight(self) -> int:
        return sum(map(weight_of, self.paragraphs))

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)


@dataclass
class _Collected:
    """The findings of a walk over the elements so far; `link` is the one that it is inside of."""

    paragraphs: list[str] = field(default_factory=list)
    links: list[LetterLink] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    link: list[str] = field(default_factory=list)
    url: str = ""
    begun: int = 0  # the first link of the current block

    def add(self, text: str | None) -> None:
        if text:
            self.text.append(text)
            if self.url:
                self.link.append(text)

    def end_block(self) -> None:
        line = " ".join("".join(self.text).split())
        self.text = []
        self.links[self.begun :] = [replace(each, line=line) for each in self.links[self.begun :]]
        self.begun = len(self.links)
        if line and len(self.paragraphs) < _MOST_PARAGRAPHS:
            self.paragraphs.append(line)

    def end_link(self) -> None:
        text = " ".join("".join(self.link).split())[:_LONGEST_LINK_TEXT]
        if self.url and len(self.links) < _MOST_LINKS:
            self.links.append(LetterLink(self.url, text))
        self.url, self.link = "", []


def read_html(html: str) -> LetterBody:
    try:
        root = parsed(html[:MOST_HTML])
    except (etree.LxmlError, ValueError):
        return LetterBody(())
    found = _Collected()
    hidden_in: Any = None
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event in {"comment", "pi"}:
            _add_tail(found, element, hidden=hidden_in is not None)
        elif event == "start" and hidden_in is None:
            hidden_in = _begin(found, element)
        elif event == "end":
            is_hidden = hidden_in is not None
            if element is hidden_in:
                hidden_in = None
            elif not is_hidden:
                _end(found, element)
            _add_tail(found, element, hidden=hidden_in is not None)
    found.end_block()
    hidden = _FILLERS.sub("", " ".join(" ".join(found.hidden).split()))
    return LetterBody([*map(_cleaned, found.paragraphs)], found.links, one_line(hidden))


def _cleaned(paragraph: str) -> str:
    return " ".join(_FILLERS.sub("", paragraph).split()) if not paragraph.isascii() else paragraph


def _begin(found: _Collected, element: Any) -> Any:
    """Enter *element*; return it if all inside of it is to be skipped."""
    if element.tag in _DROPPED:
        return element
    if element.get("hidden") is not None or _HIDDEN.search((element.get("style") or "")[:2000]):
        found.hidden.append("".join(element.itertext())[:1000])
        return element
    if element.tag in _IS_BLOCK:
        found.end_block()
    if element.tag == "a":
        href = (element.get("href") or "").strip()
        found.end_link()
        found.url = href if is_web(href) and is_link(href) else ""
    elif element.tag in {"td", "th"}:
        found.add(" ")
    found.add(element.text)
    return None


def _end(found: _Collected, element: Any) -> None:
    if element.tag == "a":
        found.end_link()
    if element.tag in _IS_BLOCK:
        found.end_block()


def _add_tail(found: _Collected, element: Any, *, hidden: bool) -> None:
    if not hidden:
        found.add(element.tail)


# Plain text


def read_plain(text: str) -> LetterBody:
    """Read a plain text: paragraphs stand between empty lines, and hard line ends are joined."""
    text = text[:MOST_HTML].replace("\r\n", "\n").replace("\r", "\n").partition("\n-- \n")[0]
    links = _plain_links(text)
    blocks = re.split(r"\n[ \t]*\n", _BRACKETED_URL.sub("", text))
    paragraphs = list[str]()
    for block in blocks[:_MOST_PARAGRAPHS]:
        lines = [line.strip() for line in block.split("\n") if not _is_rule(line)]
        lines = [line for line in lines if line and not _URL.fullmatch(line)]
        paragraphs += _joined(lines)
    return LetterBody([each for each in map(tidy, paragraphs) if each], links)


def _plain_links(text: str) -> list[LetterLink]:
    """Return each URL with the words before it on its line, or on the line above."""
    links, above = list[LetterLink](), ""
    for line in text.split("\n"):
        before, end = "", 0
        for found in _URL.finditer(line):
            before = line[end : found.start()].strip(" \t<([:>)]") or before or above
            end = found.end()
            url = found[0].rstrip(".,;:!?")
            if is_link(url) and len(links) < _MOST_LINKS:
                links.append(LetterLink(url, before[-_LONGEST_LINK_TEXT:]))
        above = line.strip().rstrip(":") or above
    return links


def _is_rule(line: str) -> bool:
    stripped = line.strip()
    return bool(stripped) and _RULE.fullmatch(stripped) is not None


def _joined(lines: list[str]) -> list[str]:
    """Return the paragraphs of a block; its lines stay apart unless they were wrapped."""
    longest = max(map(len, lines), default=0)
    if longest not in _WRAPPED or len(lines) < _FEWEST_HARD_LINES - 1:
        return lines
    inner = lines[:-1]
    is_wrapped = sum(len(line) > longest * 0.7 for line in inner) * 2 >= len(inner)
    return [" ".join(lines)] if is_wrapped else lines


def without_forwarding(paragraphs: Sequence[str]) -> tuple[list[str], str]:
    """Return the paragraphs without the lines that a mail program writes above a forwarded mail.

    Also return the text of the first of these lines with an address, which names the first sender;
    "" if nothing was forwarded. The lines are known by their form: three or more in a row with a
    short word and a colon.
    """
    for start in range(min(len(paragraphs), 10)):
        lines = list[str]()
        for paragraph in paragraphs[start : start + 8]:
            if len(paragraph) > _LONGEST_LINE or not _FORWARDED_LINE.match(paragraph):
                break
            lines.append(paragraph)
        sender = next((line for line in lines if _ADDRESS.search(line)), "")
        if len(lines) >= _FEWEST_HARD_LINES and sender:
            return list(paragraphs[start + len(lines) :]), re.split(
                "[:\uff1a]", sender, maxsplit=1
            )[1]
    return list(paragraphs), ""


# The mailing around the text


@cache
def _pattern(section: str) -> re.Pattern[str]:
    return re.compile(any_of(section), re.IGNORECASE)


def web_version_of(links: Sequence[LetterLink]) -> str:
    """Return the first link whose text says that it shows the letter in a browser; else ""."""
    wanted = _pattern("web_version")
    return next((link.url for link in links if wanted.search(link.text)), "")


def confirmation_link(links: Sequence[LetterLink], subject: str, *, is_only_link: bool) -> str:
    """Return the link that confirms a subscription, "" if there is none.

    The words of the link decide, else those of the *subject*. *is_only_link*: without such words
    the single link of the letter counts.
    """
    asks = _pattern("confirms_subscription")
    for link in links:
        if asks.search(link.text):
            return link.url
    others = [
        link.url
        for link in links
        if not _is_mailing(link.text) and (asks.search(link.line) or not _is_mailing(link.line))
    ]
    if asks.search(subject) and others:
        return others[0]
    return others[0] if is_only_link and len(set(others)) == 1 else ""


def asks_to_confirm(text: str) -> bool:
    return _pattern("confirms_subscription").search(text) is not None


def without_mailing(paragraphs: Sequence[str]) -> list[str]:
    """Return the paragraphs without the footer and without lines about the mailing."""
    about = [_is_mailing(paragraph) for paragraph in paragraphs]
    end, between = len(paragraphs), 0
    for at in range(len(paragraphs) - 1, -1, -1):
        if about[at]:
            end, between = at, 0
            continue
        between += not _is_postal(paragraphs[at])
        if between > _MOST_BETWEEN or weight_of(paragraphs[at]) >= _PROSE:
            break
    while 0 < end < len(paragraphs) and _is_postal(paragraphs[end - 1]):
        end -= 1
    kept = [text for text, is_about in zip(paragraphs[:end], about, strict=False) if not is_about]
    total, left = sum(map(len, paragraphs)), sum(map(len, kept))
    if left < _KEPT_SHARE * total:  # what looked like a footer is the letter
        return [text for text, is_about in zip(paragraphs, about, strict=True) if not is_about]
    return kept


def _is_mailing(paragraph: str) -> bool:
    if weight_of(paragraph) > _LONGEST_LINE:
        return False
    return bool(
        _pattern("letter_footers").search(paragraph)
        or (len(paragraph) <= _SHORT and _pattern("web_version").search(paragraph))
    )


def _is_postal(paragraph: str) -> bool:
    return len(paragraph) <= _SHORT and "," in paragraph and _POSTAL.search(paragraph) is not None
