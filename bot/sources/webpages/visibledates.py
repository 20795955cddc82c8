# ruff: noqa: RUF001 - words of many scripts are its matter
"""The date that a page shows its readers, in marked elements and in short lines near the headline.

Order: what is marked as the publication's, the lines after the headline up to the story's first
paragraphs, other `<time>` elements and those whose class speaks of a date, the lines just above.
What says that it is a change ("Updated …") counts only where there is nothing else; comments and
boxes never count. Of a day that is found first and a moment of that day behind it the moment is
taken.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

from bot.sources.webpages.pagelines import lines_of, nearby
from bot.sources.webpages.pagemeta import line_of
from bot.sources.webpages.pagetitles import letters_of, weight_of

_LONGEST = 110
_PROSE = 160
_MOST_PROSE = 500  # of the story's first paragraphs
_MOST_LINES = 16
_MOST_ABOVE = 2
_MOST_ELEMENTS = 12
_DATED = re.compile(
    r"(?:^|[\W_])(?:date|datetime|timestamp|pubdate|dateline|(?:post|publish(?:ed)?|article|entry"
    r"|story|news)[-_]?(?:date|time|on)|fecha|datum|published)(?:$|[\W_])",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"(?:\b(?:last )?(?:updated?|modified|edited|revised)\b|mise? à jour|modifié|actualisé"
    r"|aktualisiert|zuletzt|geändert|bearbeitet|actualiza|modificad|atualizad|aggiorna|modificat"
    r"|bijgewerkt|gewijzigd|uppdaterad|oppdatert|opdateret|päivitetty|aktualiz|güncelle|обновлен"
    r"|изменен|оновлено|更新|最終|수정|업데이트|تحديث|به.?روز|cập nhật|diperbarui|עודכן|अपडेट|อัปเดต"
    r"|ενημέρωση)",
    re.IGNORECASE,
)
_PUBLISHED = re.compile(
    r"(?:\bpublished\b|\bposted\b|\boriginal\b|publi[ée]|veröffentlicht|erstellt|pubblicat"
    r"|publicad|gepubliceerd|geplaatst|publicerad|publisert|julkaistu|opublikowan|publikován"
    r"|yayın|опубликован|公開|発行|掲載|配信|投稿|发布|發布|发表|發表|입력|등록|نشر|dipublikasikan|פורסם|प्रकाशित|เผยแพร่"
    r"|δημοσίευση)",
    re.IGNORECASE,
)
Found = datetime | date | None


def shown_date(root: Any, title: str, read: Callable[[str], Found]) -> Found:
    """The date of publication that a reader of the page sees; *read* finds one in a text."""
    texts = [
        _after_the_word(text) for text in _candidates(root, title) if weight_of(text) <= _LONGEST
    ]
    changed = [text for text in texts if _CHANGED.search(text) and not _PUBLISHED.search(text)]
    others = (text for text in texts if text not in changed)
    return finest(map(read, others)) or finest(map(read, changed))


def finest(found: Iterable[Found]) -> Found:
    """The first of those that are *found*; but a moment rather than the day that it is in."""
    day: Found = None
    for each in found:
        if isinstance(each, datetime):
            if day is None or each.date() == day:
                return each
        elif day is None:
            day = each
    return day


def _candidates(root: Any, title: str) -> Iterator[str]:
    heading = _heading(root, letters_of(title))
    yield from _texts_of(islice(_marked(root), _MOST_ELEMENTS))
    if heading is not None:
        yield from _lines_after(heading)
    yield from _texts_of(islice(_dated(root), _MOST_ELEMENTS))
    if heading is not None:
        yield from islice(lines_of(heading.xpath("preceding::text()")[:-80:-1]), _MOST_ABOVE)


def _heading(root: Any, title: str) -> Any:
    """The one that is the *title*, else one that holds it, else the first."""
    headings = [*root.iter("h1"), *root.iter("h2")]
    texts = [letters_of(line_of(each)) for each in headings]
    holding = [each for each, text in zip(headings, texts, strict=True) if title and title in text]
    same = [each for each, text in zip(headings, texts, strict=True) if text == title]
    return next(iter((*same, *holding, *headings)), None)


def _after_the_word(text: str) -> str:
    """Of "Updated 3 March, published 2 March" what stands behind the word for publishing."""
    found = _PUBLISHED.search(text)
    return text[found.start() :] if found and _CHANGED.search(text[: found.start()]) else text


def _marked(root: Any) -> Iterator[Any]:
    """What the page itself marks as the time of publication."""
    for element in root.iter("*"):
        says = _says(element)
        is_meant = "datepublished" in says or element.get("pubdate") is not None
        if element.tag in {"time", "abbr"}:
            is_meant = is_meant or "publi" in says or "entry-date" in says
        if is_meant and "updated" not in says.replace("published updated", "") and nearby(element):
            yield element


def _dated(root: Any) -> Iterator[Any]:
    for element in root.iter("time", "span", "div", "p", "abbr", "small", "li"):
        if (element.tag == "time" or _DATED.search(_says(element))) and nearby(element):
            yield element


def _says(element: Any) -> str:
    says = f"{element.get('itemprop') or ''} {element.get('class') or ''} {element.get('id') or ''}"
    return says.lower()


def _texts_of(elements: Iterable[Any]) -> Iterator[str]:
    for element in elements:
        is_change = "modified" in _says(element) or _CHANGED.search(_before(element))
        for name in ("datetime", "content", "title"):
            if text := element.get(name):
                yield f"updated {text}" if is_change else text
        if text := line_of(element):
            yield f"updated {text}" if is_change else text


def _before(element: Any) -> str:
    """The few words in front of *element* in its own block."""
    previous, around = element.getprevious(), element.getparent()
    if previous is not None:
        words = line_of(previous) if isinstance(previous.tag, str) else ""
        return f"{words} {previous.tail or ''}"[-30:]
    return ((around.text if around is not None else "") or "")[-30:]


def _lines_after(heading: Any) -> Iterator[str]:
    prose = 0
    label = ""
    for line in islice(lines_of(heading.xpath("following::text()")[:160]), _MOST_LINES):
        weight = weight_of(line)
        prose += weight if weight >= _PROSE else 0
        if prose > _MOST_PROSE:
            return
        yield f"{label} {line}".strip()
        label = line if _is_label(line) else ""


def _is_label(line: str) -> bool:
    """Whether *line* is but the word that says what date the next one holds."""
    is_word = _CHANGED.search(line) or _PUBLISHED.search(line)
    return bool(is_word) and len(line) <= 30 and not any(map(str.isdigit, line))  # noqa: PLR2004
