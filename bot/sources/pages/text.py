"""Reads a plain text with one article, from a scraper or a wire.

The first line is the title. A date is alone on one of the next lines. The body follows, then
perhaps an end mark and a box of other stories. All but the body may be missing.
"""

import re
from datetime import UTC, date, datetime

from bot.sources.feeds import language
from bot.sources.feeds.model import Document, DocumentKind, Item, Unreadable
from bot.sources.feeds.places import clock_of
from bot.sources.feeds.text import tidy
from bot.sources.pages.dates import page_date
from bot.sources.pages.trim import end_trimmed
from bot.text.sentences import sentences

_LONGEST_TITLE = 250
_LONGEST_DATE = 80
_DATE_WITHIN = 6  # lines after the title
_SUMMARY = 300
_SENTENCE = re.compile(r"[^\W\d]{2}[.。]\W*$")
_DIGIT = re.compile(r"\d")
_SHORT_DATE = 45
_ADDRESS = re.compile(r"https?://\S+")
_MARKDOWN = "#*_ "
_WRAPPED_AT = 100
_FULL_LINE = 45


def read_text(text: str, url: str) -> Document:
    """Return the article in *text*; raises `Unreadable` if it has no body."""
    paragraphs = _paragraphs(tidy(text))
    if len(paragraphs) > 1 and _ADDRESS.fullmatch(paragraphs[0]):
        url = url or paragraphs[0]
        del paragraphs[0]
    code = language.detect(text)
    title, published, rest = _head(paragraphs, code)
    body = end_trimmed(rest)
    if not body:
        raise Unreadable("There is no text under the title.", "no_text")
    item = Item(
        url=url,
        title=title or _first_sentence(body[0]),
        summary=body[0][:_SUMMARY],
        text="\n\n".join(body),
        published=published,
        language=code,
    )
    return Document(kind=DocumentKind.TEXT, title=item.title, url=url, language=code, items=(item,))


def _paragraphs(text: str) -> list[str]:
    """Split *text* at lines, after joining those that were wrapped at a fixed width."""
    found: list[str] = []
    for block in text.split("\n\n"):
        lines = [line for line in block.split("\n") if line]
        found.extend([" ".join(lines)] if _is_wrapped(lines) else lines)
    return found


def _is_wrapped(lines: list[str]) -> bool:
    body = lines[:-1]
    widths = sorted(map(len, body))
    return len(lines) > 1 and widths[-1] <= _WRAPPED_AT and widths[len(widths) // 2] >= _FULL_LINE


def _head(paragraphs: list[str], code: str) -> tuple[str, datetime | date | None, list[str]]:
    """Return the title, the date, and the other paragraphs; the date may be above the title."""
    published = None
    rest = list(paragraphs)
    if len(rest) > 1 and len(rest[0]) <= _SHORT_DATE and (above := _date_in(rest[0], code)):
        published = above
        del rest[0]
    title = rest.pop(0) if len(rest) > 1 and len(rest[0]) <= _LONGEST_TITLE else ""
    title = title.lstrip(_MARKDOWN) if title.startswith("#") else title
    for position, line in enumerate(rest[:_DATE_WITHIN]):
        if published or len(line) > _LONGEST_TITLE:
            break
        published = _date_in(line, code)
        if published and (len(line) <= _SHORT_DATE or not _SENTENCE.search(line)):
            del rest[position]
    return title, published, rest


def _date_in(line: str, code: str) -> datetime | date | None:
    if len(line) > _LONGEST_DATE or not _DIGIT.search(line):
        return None
    return page_date(line, code, clock_of(code) or UTC) or page_date(line)


def _first_sentence(paragraph: str) -> str:
    start, end = sentences(paragraph[: 2 * _LONGEST_TITLE])[0]
    first = paragraph[start:end]
    return first if len(first) <= _LONGEST_TITLE else f"{first[: _LONGEST_TITLE - 1].rstrip()}…"
