"""The labelled texts, titles and dates of pages, beside those that the bot reads."""

import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import fmean, median
from typing import Any

from bot.sources.feeds.model import Item, Unreadable
from bot.sources.feeds.sniff import decode
from bot.sources.pages.page import read_page

_seconds: list[float] = []  # of CPU, for each page
_EASTERNMOST, _WESTERNMOST = timedelta(hours=14), timedelta(hours=-12)


@cache
def item_of(path: Path) -> Item:
    """Return the item of a page, read without its URL; an empty one if it cannot be read."""
    text = decode(gzip.decompress(path.read_bytes()))
    began = time.process_time()
    try:
        return read_page(text, "").items[0]
    except Unreadable:
        return Item()
    finally:
        _seconds.append(time.process_time() - began)


def milliseconds() -> tuple[float, float]:
    """Return the CPU of a page: the median, and the mean, which includes warming up."""
    return median(_seconds) * 1000, fmean(_seconds) * 1000


def text_of(path: Path) -> str:
    return " ".join(item_of(path).text.split())


def plain(text: str) -> str:
    return " ".join(text.replace("\xad", "").split())


def evaluated(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    rows = json.loads((folder / "evaldata.json").read_text(encoding="utf-8"))
    return [(folder / "html" / row["file"], row) for row in rows.values()]


def kept(folder: Path) -> Iterator[tuple[str, bool]]:
    for path, row in evaluated(folder):
        for part in row["with"]:
            yield f"{path.name}: {part}", plain(part) in text_of(path)


def dropped(folder: Path) -> Iterator[tuple[str, bool]]:
    for path, row in evaluated(folder):
        for part in row["without"]:
            yield f"{path.name}: {part}", plain(part) not in text_of(path)


def titled(folder: Path) -> Iterator[tuple[str, bool]]:
    for path, row in evaluated(folder):
        title = plain(item_of(path).title)
        yield f"{path.name}: {title}", title.lower() == plain(row["title"]).lower()


def dated(folder: Path) -> Iterator[tuple[str, bool]]:
    """Check the day that the page shows."""
    for path, row in evaluated(folder):
        if row["date"]:
            found = item_of(path).published
            yield f"{path.name}: {found}", str(found)[:10] == row["date"][:10]


def dated_in_any_zone(folder: Path) -> Iterator[tuple[str, bool]]:
    """Check the day, which may be that of any time zone, because the bot's dates are in UTC."""
    for path, row in evaluated(folder):
        if row["date"]:
            found, day = item_of(path).published, date.fromisoformat(row["date"][:10])
            yield f"{path.name}: {found}", day in _days_of(found)


def _days_of(found: datetime | date | None) -> set[date]:
    if isinstance(found, datetime):
        return {(found + shift).date() for shift in (_WESTERNMOST, timedelta(), _EASTERNMOST)}
    return {found} if found else set()


def overlap(folder: Path) -> float:
    """Return F1 over shingles of four words, as the authors of the corpus count."""
    truth: dict[str, dict[str, str]] = json.loads(
        (folder / "ground-truth.json").read_text(encoding="utf-8")
    )
    scores = [
        _precision_recall(text_of(folder / f"html/{name}.html.gz"), row["articleBody"])
        for name, row in truth.items()
    ]
    precision = sum(score[0] for score in scores) / len(scores)
    recall = sum(score[1] for score in scores) / len(scores)
    return 2 * precision * recall / (precision + recall)


def _precision_recall(found: str, expected: str) -> tuple[float, float]:
    mine, theirs = _shingles(found), _shingles(expected)
    common = sum((mine & theirs).values())
    return common / max(sum(mine.values()), 1), common / max(sum(theirs.values()), 1)


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[at : at + 4]) for at in range(max(len(words) - 3, 1)))
