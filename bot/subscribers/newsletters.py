"""Newsletters: each comes by e-mail, to an address that only its chat knows.

The first letter binds its sender to the address. Letters of anybody else are held until the chat
accepts their sender, because an address that leaks must not become a source of spam. The operator
has the addresses of public newsletters, which the topics of all chats search, and decides about
their senders.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from bot.sources.delivered import store_delivered
from bot.sources.drafts import url_hash
from bot.sources.feeds.model import Document
from bot.sources.fetch.problems import FetchError
from bot.sources.letters.addresses import new_token
from bot.subscribers.errors import NoNewsletters, NoSuchSender, NoSuchSource
from bot.subscribers.own_feeds import charge_addition
from storage import newsletters
from storage.access import record_event
from storage.chats import lock_account
from storage.enums import AuditAction, FullText, SenderState, SourceKind, SourceState
from storage.feeds_followed import follow, source_followed, was_followed
from storage.sources import add_source, remove_source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from bot.sources.feeds.model import Item
    from bot.sources.fetch.response import Response
    from bot.sources.letters.addresses import AddressPattern
    from bot.subscribers.limits import Limits
    from storage.db.engine import Storage, Transaction
    from storage.newsletters import HeldLetter, NewsletterRow

_ONE_CLICK: Final = {"List-Unsubscribe": "One-Click"}  # RFC 8058, section 3.1


class PostsForms(Protocol):
    async def post(
        self, url: str, form: Mapping[str, str], *, inside: bool, public: bool
    ) -> Response: ...


@dataclass(frozen=True, slots=True)
class SeenNewsletter:
    """A newsletter with its *address*, "" if the bot receives no mail any more."""

    row: NewsletterRow
    address: str


async def follow_newsletter(
    storage: Storage, chat_id: int, addresses: AddressPattern | None, *, limits: Limits
) -> int:
    """Give the chat a new address; return the source of what will come there.

    Raises NoNewsletters, TooManyFeeds or TooManyAdditions.
    """
    if addresses is None:
        raise NoNewsletters
    token = new_token()
    async with storage.writing() as tx:
        await lock_account(tx, chat_id)
        await charge_addition(tx, chat_id, limits=limits)
        source_id, _ = await _add(tx, token, addresses.host)
        await follow(tx, chat_id, source_id)
    return source_id


async def add_public(storage: Storage, name: str, addresses: AddressPattern | None) -> str:
    """Add a public newsletter; return its address. Raises NoNewsletters."""
    if addresses is None:
        raise NoNewsletters
    token = new_token()
    async with storage.writing() as tx:
        _, url = await _add(tx, token, addresses.host, {"title": name, "public": True})
        await record_event(tx, None, AuditAction.SOURCE_ADDED, url)
    return addresses.of(token)


async def list_public(storage: Storage) -> list[NewsletterRow]:
    async with storage.reading() as tx:
        return await newsletters.public_newsletters(tx)


async def remove_public(storage: Storage, source_id: int) -> str:
    """Remove a public newsletter but not its articles; return its name. Raises NoSuchSource."""
    async with storage.writing() as tx:
        row = await newsletters.newsletter_of(tx, source_id)
        if row is None or not row.source.public:
            raise NoSuchSource
        await remove_source(tx, row.source.url_hash)
        await record_event(tx, None, AuditAction.SOURCE_REMOVED, row.source.url)
    return row.source.title


async def _add(
    tx: Transaction, token: str, host: str, more: Mapping[str, Any] | None = None
) -> tuple[int, str]:
    """Return the id and the URL of the new source."""
    # Sources are named in logs and exports, so the token must not follow from the name.
    url = f"newsletter:{hashlib.sha256(token.encode()).hexdigest()[:24]}"
    values = {
        "url": url,
        "url_hash": url_hash(url),
        "host": host,
        "kind": SourceKind.NEWSLETTER,
        "state": SourceState.PASSIVE,
        "full_text": FullText.NEVER,
        "created_at": tx.now,
        "next_fetch_at": tx.now,
        "first_read_at": tx.now,
    }
    source_id = await add_source(tx, values | dict(more or {}))
    if source_id is None:
        raise RuntimeError("two addresses are the same")
    await newsletters.add_newsletter(tx, source_id, token)
    return source_id, url


async def get_newsletter(
    storage: Storage, chat_id: int, source_id: int, addresses: AddressPattern | None
) -> SeenNewsletter | None:
    """Return the newsletter; None if the source is none that the chat has."""
    async with storage.reading() as tx:
        row = await _had(tx, chat_id, source_id)
    if row is None:
        return None
    return SeenNewsletter(row, addresses.of(row.token) if addresses else "")


async def unsettled(storage: Storage, chat_id: int) -> list[NewsletterRow]:
    """Return the chat's newsletters whose senders wait, or of which letters were left out."""
    async with storage.reading() as tx:
        rows = await newsletters.newsletters_of_chat(tx, chat_id)
    return [row for row in rows if row.waiting or row.newsletter.dropped]


async def _had(tx: Transaction, chat_id: int, source_id: int) -> NewsletterRow | None:
    """Return the newsletter if the chat follows it, or unfollowed it a moment ago."""
    has = await source_followed(tx, chat_id, source_id) or await was_followed(
        tx, chat_id, source_id
    )
    row = await newsletters.newsletter_of(tx, source_id) if has else None
    return row if row and not row.source.public else None


async def accept_sender(
    storage: Storage, chat_id: int | None, sender_id: int, *, limits: Limits
) -> int:
    """Store the held letters of a waiting sender, and accept it; return the newsletter.

    *chat_id*: who decides; None for the operator, who decides about public newsletters.
    The letters are stored first, so that none is lost if the process ends in between.
    """
    done: set[int] = set()
    while True:
        async with storage.writing() as tx:
            sender = await newsletters.sender_for(tx, chat_id, sender_id)
            if sender is None:
                raise NoSuchSender
            await newsletters.lock_newsletter(tx, sender.source_id)
            held = await newsletters.letters_held(tx, sender.id)
            if done.issuperset(letter.id for letter in held):
                await newsletters.change_sender(tx, sender.id, {"state": SenderState.ACCEPTED})
                await newsletters.delete_held(tx, done)
                return sender.source_id
        items = [item for letter in held for item in _items(letter)]
        stored = await store_delivered(storage, sender.source_id, items, limits.budgets)
        async with storage.writing() as tx:
            await newsletters.count_stored(tx, sender.source_id, stored)
        done.update(letter.id for letter in held)


def _items(letter: HeldLetter) -> tuple[Item, ...]:
    return Document.from_json(letter.document).items if letter.document else ()


async def refuse_sender(storage: Storage, chat_id: int | None, sender_id: int) -> int:
    """Refuse a waiting sender, and delete its letters that were held; return the newsletter.

    *chat_id*: as for `accept_sender`.
    """
    async with storage.writing() as tx:
        sender = await newsletters.sender_for(tx, chat_id, sender_id)
        if sender is None:
            raise NoSuchSender
        await newsletters.lock_newsletter(tx, sender.source_id)
        await newsletters.change_sender(tx, sender.id, {"state": SenderState.REFUSED})
        held = await newsletters.letters_held(tx, sender.id)
        await newsletters.delete_held(tx, [letter.id for letter in held])
    return sender.source_id


async def unsubscribe(
    storage: Storage, chat_id: int, source_id: int, *, client: PostsForms | None
) -> bool:
    """Ask the newsletter to stop, by the POST that its letters offer (RFC 8058).

    Returns whether it took the request. The address is not trusted, so the request reaches no
    host in the operator's network.
    """
    async with storage.reading() as tx:
        row = await _had(tx, chat_id, source_id)
    if row is None:
        raise NoSuchSource
    if client is None or not row.newsletter.has_one_click:
        return False
    url = row.newsletter.unsubscribe_url
    try:
        answer = await client.post(url, _ONE_CLICK, inside=False, public=False)
    except FetchError:
        return False
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - any success
        return False
    async with storage.writing() as tx:
        values: dict[str, Any] = {"unsubscribed_at": tx.now}
        await newsletters.change_newsletter(tx, source_id, values)
    return True
