"""All chats as JSON Lines, from one database to another: each line is a chat's export, and more.

`docs/reference/export.md` describes the format. A chat is loaded in one transaction, which changes
nothing that the chat has already: loading a dump twice comes to the same.
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bot.mail.headers import read_address
from bot.sources.drafts import url_hash
from bot.subscribers.errors import NotAnExport
from bot.subscribers.exporting import export_chat
from bot.subscribers.importing import import_chat
from bot.subscribers.timezones import is_zone
from storage.access import add_admin, admin_ids, admit, is_admitted
from storage.chats import Chat, Quota, chat_at, chat_ids_after, lock_chat, quota_of
from storage.db.engine import Storage
from storage.enums import SOURCE_MUTES, ChatKind, ChatState, MailboxState, MuteKind, SourceKind
from storage.mailboxes import Mailbox, mailbox_of
from storage.mutes import MuteSubject, mute, muted_sources, subjects_muted
from storage.sources import add_source, source_of
from storage.suspension import ban

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from bot.sources.fetch.problems import Problem
    from bot.subscribers.importing import Report
    from bot.subscribers.limits import Limits
    from storage.db.engine import Transaction

# What Telegram says about a chat, and what its users chose.
_COLUMNS = frozenset({
    "telegram_id", "thread_id", "kind", "name", "thread_name", "invited_by", "language",
    "chosen_language", "state", "resume_at", "zone", "zone_guessed", "alerts_an_hour",
    "empty_day", "style", "layout", "digest_by", "quiet_from", "quiet_to",
})  # fmt: skip
_CONFIRMED = (MailboxState.ACTIVE, MailboxState.SUSPENDED, MailboxState.UNSUBSCRIBED)
_CHATS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a line: whether the chat is new, and which topics and feeds it got."""

    is_new: bool
    report: Report


async def dump_chats(storage: Storage, bot: int | None) -> AsyncIterator[bytes]:
    """Yield a line for each chat; *bot* is the bot's user id, with which its token begins."""
    last = 0
    while True:
        async with storage.reading() as tx:
            chat_ids = await chat_ids_after(tx, last, _CHATS_AT_ONCE)
        if not chat_ids:
            return
        for chat_id in chat_ids:
            exported = await export_chat(storage, chat_id, "")
            document = json.loads(exported.document) | {"bot": bot}
            async with storage.reading() as tx:
                document |= await _more_of(tx, await tx.session.get_one(Chat, chat_id))
            del document["editions"]
            yield json.dumps(document, ensure_ascii=False).encode() + b"\n"
        last = chat_ids[-1]


async def _more_of(tx: Transaction, chat: Chat) -> dict[str, Any]:
    """Return what only another database needs; a chat's own export leaves it out."""
    muted = [
        {"kind": kind, "url": url, "until": until.isoformat() if until else None}
        for kind, url, until in await muted_sources(tx, chat.id)
    ]
    return {
        "chat": chat.model_dump(mode="json", include=set(_COLUMNS)),
        "is_admin": chat.telegram_id in await admin_ids(tx),
        "is_admitted": await is_admitted(tx, chat.telegram_id),
        "limits": (await quota_of(tx, chat.id)).model_dump(exclude={"chat_id"}),
        "muted_sources": muted,
    }


async def load_chat(
    storage: Storage, line: bytes, *, limits: Limits, bot: int | None, dry_run: bool = False
) -> Loaded:
    """Load a line, all of it or nothing; *dry_run* takes it back. Raise NotAnExport.

    Telegram lets a bot write only to users who started it. A new chat of another bot than *bot*
    gets nothing until its user starts this one.
    """
    try:
        document = json.loads(line)
        chat = _read_chat(document["chat"])
        mailbox = _read_mailbox(document.get("mailbox"))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotAnExport from error
    is_banned = chat.state is ChatState.BANNED
    if is_banned or (bot and document.get("bot") not in {None, bot}):
        is_private = chat.kind is ChatKind.PRIVATE
        asleep = ChatState.BLOCKED if is_private else ChatState.KICKED
        chat.state = ChatState.ACTIVE if is_banned else asleep
    with suppress(_DryRunError):
        async with storage.writing() as tx:
            there = await chat_at(tx, chat.telegram_id, chat.thread_id)
            if there is None:
                await _add(tx, chat, document, is_banned=is_banned)
            chat = await lock_chat(tx, (there or chat).id)
            report = await import_chat(
                _Joined(storage, tx),
                chat.id,
                line,
                limits=limits,
                adder=_AddsUnread(tx, document),
                most=limits.feeds,
            )
            await _mute_sources(tx, chat.id, document.get("muted_sources", ()))
            if mailbox and await mailbox_of(tx, chat.id) is None:
                mailbox.chat_id, mailbox.state_since = chat.id, tx.now
                mailbox.created_at = mailbox.asked_at = tx.now
                tx.session.add(mailbox)
            if dry_run:
                raise _DryRunError
    return Loaded(there is None, report)


class _DryRunError(Exception):
    """Rolls a transaction back."""


def _read_chat(values: Mapping[str, Any]) -> Chat:
    now = datetime.now(UTC)  # what the model asks for; a new row gets the database's own
    facts = {name: values[name] for name in _COLUMNS}
    chat = Chat.model_validate(facts | {"state_since": now, "created_at": now})
    if not is_zone(chat.zone) or not chat.telegram_id:
        raise ValueError(chat.zone)
    return chat


def _read_mailbox(values: Mapping[str, Any] | None) -> Mailbox | None:
    """Return one whose owner has confirmed it."""
    if values is None or (state := MailboxState(values["state"])) not in _CONFIRMED:
        return None
    now, address = datetime.now(UTC), read_address(values["address"])
    mailbox = Mailbox(chat_id=0, address=address, state_since=now, created_at=now, asked_at=now)
    mailbox.state, mailbox.alerts = state, values["alerts"] is True
    return mailbox


async def _add(
    tx: Transaction, chat: Chat, document: Mapping[str, Any], *, is_banned: bool
) -> None:
    chat.state_since = chat.created_at = tx.now
    tx.session.add(chat)
    await tx.session.flush()
    if any(limit is not None for limit in document.get("limits", {}).values()):
        tx.session.add(Quota.model_validate({**document["limits"], "chat_id": chat.id}))
    if document.get("is_admitted") is True:
        await admit(tx, chat.telegram_id)
    if document.get("is_admin") is True:
        await add_admin(tx, chat.telegram_id)
    if is_banned:
        await ban(tx, chat.telegram_id)


async def _mute_sources(tx: Transaction, chat_id: int, mutes: Iterable[Mapping[str, Any]]) -> None:
    muted = await subjects_muted(tx, chat_id)
    for one in mutes:
        kind, until = MuteKind(one["kind"]), one["until"]
        source = await source_of(tx, url_hash(one["url"]))
        ends = datetime.fromisoformat(until) if until else None
        is_over = ends is not None and ends <= tx.now
        if source and kind in SOURCE_MUTES and not is_over and (kind, source.id) not in muted:
            await mute(tx, chat_id, MuteSubject(kind, source.id), ends)


class _AddsUnread:
    """Adds feeds as they stood in the other database; they are read when their turn comes."""

    def __init__(self, tx: Transaction, document: Mapping[str, Any]) -> None:
        self._tx = tx
        self._sources = {one["url"]: one for one in document.get("sources", ())}

    async def add(self, url: str, /) -> _Unread:
        hashed, host = url_hash(url), urlsplit(url).hostname or ""
        facts = self._sources.get(url, {})
        if await source_of(self._tx, hashed) is None:
            times = {"created_at": self._tx.now, "next_fetch_at": self._tx.now}
            kind = SourceKind(facts.get("kind", SourceKind.FEED))
            values = {"url": url, "url_hash": hashed, "host": host, "kind": kind}
            await add_source(self._tx, values | times | {"title": facts.get("title") or host})
        return _Unread(url)


@dataclass(frozen=True, slots=True)
class _Unread:
    url: str
    source_id: int | None = None
    problem: Problem | None = None


class _Joined(Storage):
    """A storage whose transactions are savepoints of one: services called with it join that."""

    def __init__(self, storage: Storage, tx: Transaction) -> None:
        self._storage, self._tx = storage, tx

    @property
    def dialect(self) -> str:
        return self._storage.dialect

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        yield self._tx

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        async with self._tx.session.begin_nested():
            yield self._tx
