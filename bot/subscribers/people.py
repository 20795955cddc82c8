"""The file of all people: one JSON document a line, described in `docs/reference/export.md`.

1. The first line says what it is, and of which bot; the last how many there were between.
2. Each line between is a chat: where it is, and what `/export` would give it of what it has chosen.
3. What is not known is not looked at; what cannot be is left, or takes its usual value.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from bot.mail.headers import NotAnAddressError, read_address
from bot.subscribers.exports import Export, export_of, moment, moment_in
from bot.subscribers.limits import MOST_ALERTS_AN_HOUR, Limited
from bot.subscribers.lines import one_line
from storage.enums import (
    DEFAULT_ALERTS_PER_HOUR,
    SOURCE_MUTES,
    ChatKind,
    ChatState,
    DigestMedium,
    EmptyDay,
    Layout,
    MailboxState,
    MuteKind,
    SourceKind,
    Style,
)

FORMAT = "dateline-people"
VERSION = 1
LONGEST_LINE = 1_000_000  # bytes
_LARGEST_ID = 2**62
_LONGEST_NAME = 256
_LONGEST_ADDRESS = 2000
_MOST = 1000  # of anything that a chat has
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{1,16}")
_READ = (SourceKind.FEED, SourceKind.PAGE, SourceKind.SITEMAP)
_KEPT_BOXES = (MailboxState.ACTIVE, MailboxState.SUSPENDED, MailboxState.UNSUBSCRIBED)

Word = TypeVar("Word", bound=StrEnum)


class NotPeopleError(ValueError):
    """It is no such file, or not all of one; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Feed:
    url: str
    title: str
    kind: SourceKind


@dataclass(frozen=True, slots=True)
class MuteWish:
    kind: MuteKind
    url: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class MailboxWish:
    """*state* is None where nobody confirmed that it is theirs."""

    address: str
    state: MailboxState | None
    alerts: bool


@dataclass(frozen=True, slots=True)
class Wished:
    """A chat of the file, which stands in its *line*; *facts* are columns of a new row."""

    line: int
    telegram_id: int
    thread_id: int
    facts: Mapping[str, Any]
    export: Export
    feeds: Sequence[Feed] = ()
    mutes: Sequence[MuteWish] = ()
    mailbox: MailboxWish | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    is_admitted: bool = False
    is_banned: bool = False

    @property
    def place(self) -> tuple[int, int]:
        return self.telegram_id, self.thread_id

    @property
    def size(self) -> int:
        """How many entries it has, itself and others."""
        return 1 + len(self.export.topics) + len(self.feeds) + len(self.mutes)


def first_line(bot: int | None, now: datetime) -> bytes:
    head = {"format": FORMAT, "version": VERSION, "exported_at": moment(now), "bot": bot}
    return line_of(head)


def last_line(count: int) -> bytes:
    return line_of({"end": count})


def line_of(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def read_first(data: bytes) -> int | None:
    """Return whose people they are: the number of the bot, None where it had no token."""
    head = _document(data, 1)
    if head.get("format") != FORMAT:
        raise NotPeopleError("It is no file that `dateline export` wrote.")
    if head.get("version") != VERSION:
        raise NotPeopleError(
            f"It is of version {str(head.get('version'))[:20]}, and this Dateline reads {VERSION}: "
            "use the Dateline that wrote it, or a later one."
        )
    return _id(head.get("bot"))


def end_of(data: bytes, line: int) -> int | None:
    """Return how many chats there were before this line, if it is the last."""
    document = _document(data, line)
    return _id(document.get("end")) if "end" in document else None


def read_chat(data: bytes, line: int) -> Wished | None:
    """Read a chat; None where nothing says which one it is."""
    document = _document(data, line)
    place, settings = _mapping(document.get("chat")), _mapping(document.get("settings"))
    telegram_id, thread_id = _id(place.get("telegram_id")), _id(place.get("thread_id", 0))
    if telegram_id is None or thread_id is None or not telegram_id or thread_id < 0:
        return None
    export = export_of(document)
    return Wished(
        line=line,
        telegram_id=telegram_id,
        thread_id=thread_id,
        facts=_facts(place, settings, export),
        export=export,
        feeds=[feed for one in _list(document.get("sources")) if (feed := _feed(_mapping(one)))],
        mutes=[mute for one in _list(document.get("mutes")) if (mute := _mute(_mapping(one)))],
        mailbox=_mailbox(_mapping(document.get("mailbox"))),
        limits=_limits(_mapping(document.get("limits"))),
        is_admitted=place.get("admitted") is True,
        is_banned=settings.get("state") == ChatState.BANNED,
    )


def _document(data: bytes, line: int) -> Mapping[str, Any]:
    if len(data) > LONGEST_LINE:
        raise NotPeopleError(f"Line {line} is longer than {LONGEST_LINE:,} bytes.")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:  # no UTF-8 either
        raise NotPeopleError(f"Line {line} is no JSON that can be read.") from error
    if not isinstance(document, dict):
        raise NotPeopleError(f"Line {line} is no JSON object.")
    return document


def _facts(place: Mapping[str, Any], settings: Mapping[str, Any], export: Export) -> dict[str, Any]:
    return {
        "kind": _word(ChatKind, place.get("kind"), ChatKind.PRIVATE),
        "name": _line(settings.get("name")),
        "thread_name": _line(place.get("thread_name"))[:128],
        "invited_by": _id(place.get("invited_by")),
        "language": _language(settings.get("language")) or "en",
        "chosen_language": _language(place.get("chosen_language")),
        "state": _word(ChatState, settings.get("state"), ChatState.ACTIVE),
        "resume_at": moment_in(settings.get("resumes_at")),
        "zone": export.zone or "UTC",
        "zone_guessed": settings.get("zone_guessed") is not False or export.zone is None,
        "alerts_an_hour": _number(
            settings.get("alerts_an_hour"), MOST_ALERTS_AN_HOUR, DEFAULT_ALERTS_PER_HOUR
        ),
        "empty_day": _word(EmptyDay, settings.get("empty_day"), EmptyDay.SKIP),
        "style": _word(Style, settings.get("style"), Style.STANDARD),
        "layout": _word(Layout, settings.get("layout"), Layout.CLASSIC),
        "digest_by": _word(DigestMedium, settings.get("digest_by"), DigestMedium.TELEGRAM),
    }


def _feed(one: Mapping[str, Any]) -> Feed | None:
    url = _url(one.get("url"))
    kind = _word(SourceKind, one.get("kind"), SourceKind.FEED)
    return Feed(url, _line(one.get("title")), kind) if url and kind in _READ else None


def _mute(one: Mapping[str, Any]) -> MuteWish | None:
    """Read what mutes a source; other mutes name nothing that would be there."""
    url, until = _url(one.get("url")), one.get("until")
    if url is None or one.get("kind") not in list(SOURCE_MUTES):
        return None
    if until is not None and moment_in(until) is None:
        return None
    return MuteWish(MuteKind(one["kind"]), url, moment_in(until))


def _mailbox(one: Mapping[str, Any]) -> MailboxWish | None:
    try:
        address = read_address(_text(one.get("address")))
    except NotAnAddressError:
        return None
    state = _word(MailboxState, one.get("state"), MailboxState.UNCONFIRMED)
    return MailboxWish(address, state if state in _KEPT_BOXES else None, one.get("alerts") is True)


def _limits(given: Mapping[str, Any]) -> dict[str, int]:
    return {
        kind.value: number
        for kind in Limited
        if (number := _number(given.get(kind.value), _MOST, -1)) >= 0
    }


def _word(words: type[Word], given: Any, usual: Word) -> Word:
    return words(given) if isinstance(given, str) and given in list(words) else usual


def _number(given: Any, most: int, usual: int) -> int:
    is_one = isinstance(given, int) and not isinstance(given, bool)
    return given if is_one and 0 <= given <= most else usual


def _id(given: Any) -> int | None:
    is_one = isinstance(given, int) and not isinstance(given, bool)
    return given if is_one and abs(given) < _LARGEST_ID else None


def _language(given: Any) -> str | None:
    return given if isinstance(given, str) and _LANGUAGE.fullmatch(given) else None


def _url(given: Any) -> str | None:
    is_one = isinstance(given, str) and given.startswith(("http://", "https://"))
    if not is_one or len(given) > _LONGEST_ADDRESS or one_line(given) != given or " " in given:
        return None
    return str(given)


def _line(given: Any) -> str:
    return one_line(_text(given))[:_LONGEST_NAME]


def _text(given: Any) -> str:
    return given if isinstance(given, str) else ""


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def _list(given: Any) -> Sequence[Any]:
    return given[:_MOST] if isinstance(given, list) else []
