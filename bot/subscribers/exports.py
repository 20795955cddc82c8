"""The document of an export: how it is written, and what of it can be read back.

It is JSON, described in `docs/reference/export.md`. `version` changes when an older reader would
misunderstand; what is added leaves it alone, and what is not known is not looked at.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.subscribers.digest_schedule import DigestTime
from bot.subscribers.errors import NotAnExport
from bot.subscribers.timezones import is_zone
from storage.enums import EVERY_DAY, MAX_SCHEDULE_TIMES, Mode, QuietHours

FORMAT = "dateline-export"
VERSION = 1
LARGEST = 1_000_000  # bytes
MOST_READ = 1000  # topics, and as many sources
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class TopicWish:
    """A topic to be watched; *slug* names it where it is one of the catalogue.

    *muted_until* is None too for what is muted until that is lifted.
    """

    name: str
    query: str
    mode: Mode
    slug: str | None = None
    is_muted: bool = False
    muted_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """What an export asks for; *unreadable* names the entries that could not be read."""

    topics: Sequence[TopicWish]
    sources: Sequence[str]
    zone: str | None
    times: Sequence[DigestTime]
    quiet: QuietHours | None
    unreadable: Sequence[str]


def written(parts: Mapping[str, Any], now: datetime) -> bytes:
    head = {"format": FORMAT, "version": VERSION, "exported_at": moment(now)}
    return json.dumps(head | dict(parts), ensure_ascii=False, indent=2).encode()


def moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def day_names(weekdays: int) -> list[str]:
    return [name for bit, name in enumerate(DAYS) if weekdays >> bit & 1]


def read_export(data: bytes) -> Export:
    """Read what can be read; NotAnExport if it is none of ours, or of a later version."""
    return export_of(_document(data))


def export_of(document: Mapping[str, Any]) -> Export:
    """Read what can be read of a document, whatever stands in it."""
    unreadable: list[str] = []
    settings = _mapping(document.get("settings"))
    return Export(
        topics=list(_topics(document.get("topics"), unreadable)),
        sources=list(_sources(document.get("sources"), unreadable)),
        zone=_zone(settings.get("zone")),
        times=list(_times(document.get("digests")))[:MAX_SCHEDULE_TIMES],
        quiet=_quiet(_mapping(settings.get("quiet_hours"))),
        unreadable=unreadable,
    )


def _document(data: bytes) -> Mapping[str, Any]:
    if len(data) > LARGEST:
        raise NotAnExport
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:  # no UTF-8 either
        raise NotAnExport from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise NotAnExport
    if document.get("version") != VERSION:
        raise NotAnExport
    return document


def _topics(given: Any, unreadable: list[str]) -> Iterator[TopicWish]:
    for entry in _list(given):
        one = _mapping(entry)
        query, mode = one.get("query"), one.get("mode")
        if isinstance(query, str) and mode in list(Mode):
            yield _topic(one, query, Mode(mode))
        else:
            unreadable.append(_called(one.get("name") or query))


def _topic(one: Mapping[str, Any], query: str, mode: Mode) -> TopicWish:
    muted, slug = one.get("muted"), one.get("catalogue")
    until = moment_in(muted)
    return TopicWish(
        name=_text(one.get("name")),
        query=query,
        mode=mode,
        slug=slug if isinstance(slug, str) else None,
        is_muted=muted is True or until is not None,
        muted_until=until,
    )


def _sources(given: Any, unreadable: list[str]) -> Iterator[str]:
    for entry in _list(given):
        url = _mapping(entry).get("url")
        if isinstance(url, str) and url.startswith(("http://", "https://")):
            yield url
        else:
            unreadable.append(_called(url))


def _times(given: Any) -> Iterator[DigestTime]:
    for entry in _list(given):
        minutes = _minutes(_mapping(entry).get("time"))
        days = _list(_mapping(entry).get("weekdays"))
        weekdays = sum(1 << bit for bit, name in enumerate(DAYS) if name in days) & EVERY_DAY
        if minutes is not None and weekdays:
            yield DigestTime(minutes, weekdays)


def _quiet(given: Mapping[str, Any]) -> QuietHours | None:
    start, end = _minutes(given.get("from")), _minutes(given.get("to"))
    return None if start is None or end is None or start == end else QuietHours(start, end)


def _minutes(given: Any) -> int | None:
    hours, _, minutes = given.partition(":") if isinstance(given, str) else ("", "", "")
    if not (hours.isascii() and hours.isdigit() and minutes.isascii() and minutes.isdigit()):
        return None
    total = int(hours[:2]) * 60 + int(minutes[:2])
    return total if total < _MINUTES_A_DAY else None


def moment_in(given: Any) -> datetime | None:
    if not isinstance(given, str):
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None


def _zone(given: Any) -> str | None:
    return given if isinstance(given, str) and is_zone(given) else None


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def _list(given: Any) -> Sequence[Any]:
    return given[:MOST_READ] if isinstance(given, list) else []


def _text(given: Any) -> str:
    return given if isinstance(given, str) else ""


def _called(given: Any) -> str:
    return _text(given)[:80]
