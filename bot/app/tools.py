"""What the rooms stand on: the database, the way out, the readers. Commands use them too."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Protocol

from bot.app.databases import database_of
from bot.app.stops import StopError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bot.app.databases import Database
    from bot.rendering.links import Links
    from bot.settings import Settings
    from bot.sources.feeds.model import Document
    from bot.sources.fetch.client import Fetcher
    from bot.sources.parser_pool import DocumentReader
    from storage.db.engine import Storage


class ReadsPlaces(Protocol):
    async def __call__(self, place: str, /, *, base_url: str = "") -> Document: ...


@dataclass(frozen=True, slots=True)
class SourceTools:
    storage: Storage
    fetcher: Fetcher
    reader: DocumentReader


def make_fetcher(settings: Settings, newsroom: tuple[str, int] | None = None) -> Fetcher:
    """Return the one way out; *newsroom* is a host and port of ours that it may reach."""
    from bot.sources.fetch.client import Fetcher
    from bot.sources.fetch.ssrf import AddressPolicy

    own = frozenset({(ip_address(newsroom[0]), newsroom[1])} if newsroom else ())
    contact = f"; +{settings.contact_url}" if settings.contact_url else ""
    return Fetcher(
        policy=AddressPolicy(settings.allowed_networks, own),
        user_agent=f"Dateline/0.1 (reads news feeds for subscribers{contact})",
    )


@asynccontextmanager
async def opening() -> AsyncIterator[ReadsPlaces]:
    """Yield what reads files and addresses; the settings are read for an address only."""
    from bot.sources.files import read_place
    from bot.sources.parser_pool import DocumentReader

    def way_out() -> Fetcher:
        from bot.settings import load_settings

        return make_fetcher(load_settings())

    async with DocumentReader() as reader:
        yield partial(read_place, reader, way_out)


@asynccontextmanager
async def source_tools(settings: Settings) -> AsyncIterator[SourceTools]:
    """Yield what a command needs that works on sources beside a running bot."""
    from bot.sources.parser_pool import DocumentReader

    async with (
        open_storage(database_of(settings)) as storage,
        make_fetcher(settings) as fetcher,
        DocumentReader() as reader,
    ):
        yield SourceTools(storage, fetcher, reader)


@asynccontextmanager
async def open_storage(database: Database) -> AsyncIterator[Storage]:
    """Yield the storage, brought up to date; StopError if it cannot be opened."""
    from storage.schema import SchemaError, migrate

    with needing_the_database():
        try:
            await migrate(database.server)
        except SchemaError as error:
            raise StopError(str(error)) from error
    storage = database.open()
    try:
        yield storage
    finally:
        await storage.close()


@asynccontextmanager
async def stored(*, read_only: bool = False) -> AsyncIterator[Storage]:
    """Yield the database that the settings name, without a migration.

    *read_only* creates no file either. StopError if the schema is not of this version.
    """
    from bot.settings import load_settings
    from storage.health import open_read_only
    from storage.schema import SchemaError, require_current

    database = database_of(load_settings())
    with needing_the_database():
        storage = open_read_only(database.server) if read_only else database.open()
    try:
        with needing_the_database():
            async with storage.reading() as tx:
                await require_current(tx)
        yield storage
    except SchemaError as error:
        raise StopError(str(error)) from error
    finally:
        await storage.close()


async def make_links(storage: Storage, base: str | None) -> Links:
    """Return the links under *base*, signed with the key of this database."""
    from bot.rendering.links import Links, Signer
    from storage.access import signing_key

    with needing_the_database():
        async with storage.writing() as tx:
            return Links(base, Signer(await signing_key(tx)))


@contextmanager
def needing_the_database(then: str = "") -> Iterator[None]:
    """For what must be done before anything else can be: StopError if the database fails.

    *then* is what to do about it.
    """
    from storage.db.engine import DatabaseError

    try:
        yield
    except (DatabaseError, OSError) as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        raise StopError(f"DATABASE_URL: the database cannot be used: {reason}{then}") from error


@contextmanager
def alone_on(url: str, *, anew: bool = False) -> Iterator[None]:
    """Hold an SQLite file for this process; with *anew* it begins empty.

    The file is held whatever symbolic or hard link it is named by. PostgreSQL is shared by any
    number of processes, and this does nothing.
    """
    from storage.db.filelock import AlreadyHeldError, file_lock, lock_beside, lock_itself
    from storage.schema import database_file

    if (path := database_file(url)) is None:
        yield
        return
    real = path.resolve()
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(lock_beside(path, "run"), wait=False))
            for file in real.parent.glob(f"{real.name}*") if anew else ():
                if file.suffix != ".lock":
                    file.unlink()
            stack.enter_context(lock_itself(real))
        except AlreadyHeldError as error:
            who = "Another process" if error.holder == "unknown" else f"Process {error.holder}"
            raise StopError(
                f"{who} already runs the bot on {path}; stop it first, or give "
                "this one a DATABASE_URL of its own."
            ) from error
        except OSError as error:
            raise StopError(
                f"DATABASE_URL: no files can be written beside {path}: {error.strerror}."
            ) from error
        yield
