"""Copies all chats to another database as JSON Lines; each line is a chat's export, and more.

`docs/reference/export.md` describes the format. One transaction loads a chat. It changes
nothing that the chat already has, so that a dump can be loaded twice.
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, ValidationError

from bot.mail.headers import read_address
from bot.sources.drafts import url_hash
from bot.sources.hosts import shown_host
from bot.subscribers.errors import NotAnExport
from bot.subscribers.export import export_chat, import_chat
from bot.subscribers.export_document import ExportDocument, ExportedMailbox
from bot.subscribers.limits import Limited  # noqa: TC001 - pydantic reads the annotation
from bot.subscribers.timezones import is_zone
from storage.access import add_admin, admin_ids, admit, is_admitted
from storage.chats import Chat, chat_at, chat_ids_after, lock_account, quota_of
from storage.db.engine import Storage, Transaction
from storage.enums import SOURCE_MUTES, ChatKind, ChatState, MailboxState, MuteKind
from storage.feeds_followed import follow
from storage.mailboxes import Mailbox, mailbox_of_chat
from storage.mutes import MuteSubject, muted_sources, store_mute, subjects_muted
from storage.sources import add_source, source_of
from storage.suspension import ban

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from bot.subscribers.export import Imported
    from bot.subscribers.export_document import ExportedFeed
    from bot.subscribers.limits import Limits

# Facts from Telegram about a chat, and the choices of its users.
_COLUMNS = frozenset({
    "telegram_id", "thread_id", "kind", "name", "thread_name", "invited_by", "language",
    "chosen_language", "state", "resume_at", "zone", "zone_guessed", "alerts_an_hour",
    "empty_day", "style", "layout", "uses_model", "digest_by", "quiet_from", "quiet_to",
    "pictures", "mail_pictures", "alert_pictures", "hashtags",
})  # fmt: skip
_CONFIRMED = (MailboxState.ACTIVE, MailboxState.SUSPENDED, MailboxState.UNSUBSCRIBED)
_CHATS_AT_ONCE = 200


class _MutedSource(BaseModel):
    url: str
    kind: MuteKind
    until: AwareDatetime | None


class _Mailbox(ExportedMailbox):
    address: Annotated[str, AfterValidator(read_address)]
    state: MailboxState


class _Line(ExportDocument):
    """A chat's export, with the further data that another database needs.

    *bot* is the bot's user id, which is the first part of its token. Everything but the chat has a
    default, because a line of an earlier version has fewer fields.
    """

    chat: dict[str, Any]
    bot: int | None = None
    is_admin: bool = False
    is_admitted: bool = False
    limits: dict[Limited, int | None] = Field(default_factory=dict)
    muted_sources: tuple[_MutedSource, ...] = ()
    mailbox: _Mailbox | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """The result of loading a line; *new_feeds*: how many the chat did not follow before."""

    is_new: bool
    new_feeds: int
    report: Imported


async def dump_chats(storage: Storage, bot: int | None) -> AsyncIterator[bytes]:
    """Yield a line for each chat. *bot*: see `_Line`."""
    last = 0
    while True:
        async with storage.reading() as tx:
            chat_ids = await chat_ids_after(tx, last, _CHATS_AT_ONCE)
        if not chat_ids:
            return
        for chat_id in chat_ids:
            exported = await export_chat(storage, chat_id, "")
            async with storage.reading() as tx:
                more = await _more_of(tx, await tx.get_one(Chat, chat_id))
            document = json.loads(exported.document) | more | {"bot": bot}
            del document["editions"]
            yield json.dumps(document, ensure_ascii=False).encode() + b"\n"
        last = chat_ids[-1]


async def _more_of(tx: Transaction, chat: Chat) -> dict[str, Any]:
    return {
        "chat": chat.model_dump(mode="json", include=set(_COLUMNS)),
        "is_admin": chat.telegram_id in await admin_ids(tx),
        "is_admitted": await is_admitted(tx, chat.telegram_id),
        "limits": (await quota_of(tx, chat.id)).model_dump(exclude={"chat_id"}),
        "muted_sources": [
            {"kind": kind, "url": url, "until": until.isoformat() if until else None}
            for kind, url, until in await muted_sources(tx, chat.id)
        ],
    }


class DryRunError(Exception):
    """Rolls a transaction back."""


async def load_chat(
    storage: Storage, data: bytes, *, limits: Limits, bot: int | None, dry_run: bool = False
) -> Loaded:
    """Load a line in one transaction; roll it back for a *dry_run*. Raises NotAnExport.

    Telegram lets a bot write only to users who have started it. If the dump is from another bot
    than *bot*, a new chat gets nothing until its user starts this bot.
    """
    try:
        line = _Line.model_validate_json(data)
        chat = _read_chat(line.chat)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        raise NotAnExport(".".join(map(str, wrong["loc"])), str(wrong["input"])[:80]) from error
    except ValueError as error:
        raise NotAnExport from error
    with suppress(DryRunError):
        async with storage.writing() as tx:
            there = await chat_at(tx, chat.telegram_id, chat.thread_id)
            if there is None:
                await _add(tx, chat, line, is_other_bot=bool(bot and line.bot not in {None, bot}))
            chat = await lock_account(tx, (there or chat).id)
            new_feeds = await _follow(tx, chat.id, line.sources)
            report = await import_chat(Joined(storage, tx), chat.id, line, limits=limits)
            await _mute_sources(tx, chat.id, line.muted_sources)
            await _add_mailbox(tx, chat.id, line.mailbox)
            if dry_run:
                raise DryRunError
    return Loaded(there is None, new_feeds, report)


def _read_chat(columns: dict[str, Any]) -> Chat:
    now = datetime.now(UTC)  # the model needs a time; a new row gets the database's
    facts = {name: columns[name] for name in _COLUMNS & columns.keys()}
    chat = Chat.model_validate(facts | {"state_since": now, "created_at": now})
    if not is_zone(chat.zone) or not chat.telegram_id:
        raise ValueError(chat.zone)
    return chat


async def _add(tx: Transaction, chat: Chat, line: _Line, *, is_other_bot: bool) -> None:
    is_banned = chat.state is ChatState.BANNED
    if is_other_bot and not is_banned:
        is_private = chat.kind is ChatKind.PRIVATE
        chat.state = ChatState.BLOCKED if is_private else ChatState.KICKED
    chat.state_since = chat.created_at = tx.now
    await tx.add(chat)
    limits = {kind.value: number for kind, number in line.limits.items() if number is not None}
    if limits:
        quota = await quota_of(tx, chat.id)  # another thread of the chat may have one already
        await tx.add(quota.sqlmodel_update(limits))
    if line.is_admitted:
        await admit(tx, chat.telegram_id)
    if line.is_admin:
        await add_admin(tx, chat.telegram_id)
    if is_banned:
        await ban(tx, chat.telegram_id)


async def _follow(tx: Transaction, chat_id: int, feeds: Iterable[ExportedFeed]) -> int:
    """Follow the feeds without reading them first; return how many are new to the chat."""
    new = 0
    for feed in feeds:
        hashed, host = url_hash(feed.url), urlsplit(feed.url).hostname or ""
        title = feed.title or shown_host(host)
        facts = {"url": feed.url, "url_hash": hashed, "host": host, "title": title}
        times = {"created_at": tx.now, "next_fetch_at": tx.now}
        if not feed.kind.is_delivered:  # these are added by who receives them
            await add_source(tx, facts | times | {"kind": feed.kind})
        source = await source_of(tx, hashed)
        if source and (source.public or not (source.own_network or source.has_access)):
            new += await follow(tx, chat_id, source.id)
    return new


async def _mute_sources(tx: Transaction, chat_id: int, mutes: Iterable[_MutedSource]) -> None:
    muted = await subjects_muted(tx, chat_id)
    for wanted in mutes:
        source = await source_of(tx, url_hash(wanted.url))
        is_over = wanted.until is not None and wanted.until <= tx.now
        if source is None or is_over or wanted.kind not in SOURCE_MUTES:
            continue
        if (wanted.kind, source.id) not in muted:
            await store_mute(tx, chat_id, MuteSubject(wanted.kind, source.id), wanted.until)


async def _add_mailbox(tx: Transaction, chat_id: int, mailbox: _Mailbox | None) -> None:
    """Add a mailbox that its owner has confirmed, unless the chat has one."""
    if mailbox and mailbox.state in _CONFIRMED and await mailbox_of_chat(tx, chat_id) is None:
        times = dict.fromkeys(("state_since", "created_at", "asked_at"), tx.now)
        facts = mailbox.model_dump(exclude={"since"})
        await tx.add(Mailbox.model_validate(facts | times | {"chat_id": chat_id}))


class Joined(Storage):
    """Lets services join a transaction: returns it wherever they would begin their own."""

    def __init__(self, storage: Storage, tx: Transaction) -> None:
        self._storage, self._tx = storage, tx

    @property
    def dialect(self) -> str:
        return self._storage.dialect

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        yield self._tx

    @asynccontextmanager
    async def reading_in_transaction(self) -> AsyncIterator[Transaction]:
        yield self._tx

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        yield self._tx
