"""Access of sources: sets, clears, shows and uses what a site asks for before it is read.

Only the operator and admins set it. Secrets are sealed in the database (`bot.sources.sealing`) and
leave this module only inside `Credentials`, for the fetcher.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.sources.credentials import AccessKind, Credentials, shown_kinds
from bot.sources.fetch.response import Response
from bot.sources.fetch.source import Fetches
from bot.sources.sealing import CannotOpenError, Keyring
from storage import source_rules
from storage.access import record_event
from storage.db.engine import Storage
from storage.enums import AuditAction
from storage.source_rules import SealedSource
from storage.sources import Source

Change = Callable[[Credentials], Credentials]


@dataclass(frozen=True, slots=True)
class FetcherWithAccess:
    """Fetches on behalf of one source, with its access."""

    fetcher: Fetches
    access: Credentials

    async def fetch(
        self,
        url: str,
        *,
        inside: bool,
        public: bool,
        etag: str | None = None,
        last_modified: str | None = None,
        access: Credentials | None = None,
    ) -> Response:
        return await self.fetcher.fetch(
            url,
            inside=inside,
            public=public,
            etag=etag,
            last_modified=last_modified,
            access=access or self.access,
        )


@dataclass(frozen=True, slots=True)
class ShownAccess:
    """The access that is set for a source, without any secret.

    `origin`, `proxy`, `user_agent` and `header_names` are empty if it cannot be read.
    """

    kinds: tuple[AccessKind, ...] = ()
    changed_at: datetime | None = None
    is_readable: bool = True
    origin: str = ""
    proxy: str = ""
    user_agent: str = ""
    header_names: tuple[str, ...] = ()


NOTHING_SET: Final = ShownAccess()


@dataclass(frozen=True, slots=True)
class Sealed:
    """How many sources have an access, how many cannot be read, how many have an older key."""

    sources: int = 0
    unreadable: int = 0
    older: int = 0


async def fetcher_for(
    storage: Storage, keyring: Keyring, fetcher: Fetches, source_id: int, *, page: str | None = None
) -> Fetches:
    """Return *fetcher* with the access of the source. Raises CannotOpenError.

    *page*: the address of an article, which gets nothing of it on another host.
    """
    async with storage.reading() as tx:
        sealed = await source_rules.sealed_source(tx, source_id)
    if sealed is None:
        return fetcher
    access = _opened(keyring, sealed)
    if page is not None and not access.covers(page):
        return fetcher
    return FetcherWithAccess(fetcher, access)


async def show_access(storage: Storage, keyring: Keyring, source_id: int) -> ShownAccess:
    async with storage.reading() as tx:
        sealed = await source_rules.sealed_source(tx, source_id)
    if sealed is None:
        return NOTHING_SET
    kinds, changed_at = tuple(shown_kinds(sealed.access.kinds)), sealed.access.changed_at
    try:
        access = _opened(keyring, sealed)
    except CannotOpenError:
        return ShownAccess(kinds, changed_at, is_readable=False)
    return ShownAccess(
        kinds,
        changed_at,
        origin=access.origin,
        proxy=access.proxy.shown if access.proxy else "",
        user_agent=access.user_agent,
        header_names=tuple(name for name, _ in access.headers),
    )


async def change_access(
    storage: Storage, keyring: Keyring, source_id: int, change: Change, *, by: int | None
) -> bool:
    """Apply *change* to the access of a source; return False if there is no such source.

    Raises WrongAccessError or NoKeyError. An access that cannot be read is replaced.
    """
    async with storage.writing() as tx:
        source: Source | None = await tx.get(Source, source_id)
        if source is None:
            return False
        row = await source_rules.access_of_source(tx, source_id)
        former = Credentials.of_source(source.url)
        if row is not None:
            try:
                opened = _opened(keyring, SealedSource(source.url, row))
            except CannotOpenError:
                opened = former
            # After a move, nothing that was meant for the former host goes to the new one.
            former = opened if opened.covers(source.url) else former
        changed = change(former)
        if changed == former and bool(changed.kinds) == (row is not None):
            return True
        names = [str(kind) for kind in changed.kinds]
        if changed.kinds:
            sealed = keyring.seal(changed.packed(), source_id)
            await source_rules.store_access(tx, source_id, names, sealed)
        else:
            await source_rules.delete_access(tx, source_id)
        await record_event(tx, by, AuditAction.SOURCE_ACCESS_SET, source.url, kinds=names)
    return True


async def reseal_all(storage: Storage, keyring: Keyring) -> Sealed:
    """Seal each access with the newest key; return how many are left as they were."""
    unreadable = resealed = 0
    async with storage.writing() as tx:
        found = await source_rules.sealed_sources(tx)
        for each in found:
            source_id = each.access.source_id
            try:
                packed = keyring.open(each.access.sealed, source_id)
            except CannotOpenError:
                unreadable += 1
                continue
            if not keyring.is_newest(each.access.sealed):
                await source_rules.reseal(tx, source_id, keyring.seal(packed, source_id))
                resealed += 1
    return Sealed(len(found), unreadable, resealed)


def judge_sealed(found: Sequence[SealedSource], keyring: Keyring) -> Sealed:
    """Return how many of *found* cannot be opened, and how many have an older key."""
    unreadable = older = 0
    for each in found:
        try:
            keyring.open(each.access.sealed, each.access.source_id)
        except CannotOpenError:
            unreadable += 1
        else:
            older += not keyring.is_newest(each.access.sealed)
    return Sealed(len(found), unreadable, older)


def _opened(keyring: Keyring, sealed: SealedSource) -> Credentials:
    packed = keyring.open(sealed.access.sealed, sealed.access.source_id)
    try:
        return Credentials.unpacked(packed)
    except (ValueError, TypeError) as error:
        raise CannotOpenError from error
