"""The resources of roles and commands, made from the settings: database, fetcher, renderer.

Functions import the modules that they need, so that each command loads only its own.
"""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog

from bot.app.stops import StopError, TemporaryStopError, needing_the_database
from bot.ops.instrumentation import Instrumentation
from bot.ops.logs import LastErrors
from bot.settings import PLAYGROUND_DATABASE, AccessMode, Role
from bot.sources.sealing import NO_KEYS, Keyring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from pathlib import Path

    from bot.app.deployment import Deployment
    from bot.mail.compose import Mailer
    from bot.rendering.links import Links
    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.settings import Settings
    from bot.sources.discovery.add import SourceAdder
    from bot.sources.discovery.discover import SampleSite
    from bot.sources.fetch.client import Fetcher
    from bot.sources.letters.addresses import AddressPattern
    from bot.sources.parser_pool import DocumentReader, Workers
    from bot.subscribers.access import Access
    from bot.subscribers.limits import Limits
    from storage.db.engine import Storage

log = structlog.get_logger(__name__)

# Connections that the stages of a role keep busy; roles of one process share theirs.
CONNECTIONS: Final = {
    Role.CHAT: 5,
    Role.POLL: 8,
    Role.MATCH: 2,
    Role.PUBLISH: 3,
    Role.SEND: 3,
    Role.WEB: 3,
}
MOST_CONNECTIONS: Final = 20


# The database.


@dataclass(frozen=True, slots=True)
class Database:
    """*url* may lead to a pooler; *server* is the address of the server itself."""

    url: str
    server: str
    connections: int
    is_of_playground: bool = False

    @property
    def shown(self) -> str:
        """Its file, or its server and name without user and password."""
        from storage.schema import database_file

        if file := database_file(self.server):
            return f"{file} (the playground's)" if self.is_of_playground else str(file)
        parts = urlsplit(self.server)
        return f"{parts.scheme.partition('+')[0]}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def open(self) -> Storage:
        from storage.db.engine import Storage

        return Storage.open(
            self.url, pool_size=self.connections, through_pooler=self.url != self.server
        )


def database_of(settings: Settings) -> Database:
    """Return the database that DATABASE_URL names."""
    url, direct = settings.database_url.get_secret_value(), settings.database_direct_url
    return Database(
        url=url,
        server=direct.get_secret_value() if direct else url,
        connections=settings.database_pool or usual_connections(settings.roles),
    )


def bot_database_of(settings: Settings) -> Database:
    """Return the database of `dateline run`, which in the playground may be a temporary one."""
    database = database_of(settings)
    if settings.has_temporary_database:
        return replace(
            database, url=PLAYGROUND_DATABASE, server=PLAYGROUND_DATABASE, is_of_playground=True
        )
    return database


def database_in_use(settings: Settings) -> Database:
    """Return the database for a command: that of a playground if one runs, so that both agree."""
    from storage.db.filelock import lock_beside, lock_holder
    from storage.schema import database_file

    of_bot = bot_database_of(settings)
    file = database_file(of_bot.url) if of_bot.is_of_playground else None
    if file and lock_holder(lock_beside(file, "run")):
        return of_bot
    return database_of(settings)


def usual_connections(roles: Iterable[Role]) -> int:
    return min(sum(CONNECTIONS[role] for role in roles), MOST_CONNECTIONS)


@asynccontextmanager
async def open_storage(database: Database) -> AsyncIterator[Storage]:
    """Yield the storage after migrations. Raises StopError if it cannot be opened."""
    from storage.schema import DiskTooSmallError, SchemaError, migrate

    with needing_the_database():
        try:
            await migrate(database.server)
        except DiskTooSmallError as error:
            raise TemporaryStopError(str(error)) from error
        except SchemaError as error:
            raise StopError(str(error)) from error
    storage = database.open()
    try:
        yield storage
    finally:
        await storage.close()


@asynccontextmanager
async def stored(*, read_only: bool = False) -> AsyncIterator[Storage]:
    """Yield the database in use, without migrations; *read_only* creates no file.

    Raises StopError if this version cannot use the schema without a migration.
    """
    from bot.settings import load_settings
    from storage.health import open_read_only
    from storage.schema import SchemaError, require_usable

    database = database_in_use(load_settings())
    with needing_the_database():
        storage = open_read_only(database.server) if read_only else database.open()
    try:
        with needing_the_database():
            async with storage.reading() as tx:
                await require_usable(tx)
        yield storage
    except SchemaError as error:
        raise StopError(str(error)) from error
    finally:
        await storage.close()


@contextmanager
def alone_on(url: str, *, anew: bool = False) -> Iterator[None]:
    """Lock an SQLite file for this process; *anew* deletes its previous contents.

    The lock applies to all symbolic and hard links to the file. Nothing is locked on PostgreSQL,
    which any number of processes may share.
    """
    from storage.db.filelock import AlreadyHeldError, file_lock, lock_beside, lock_itself
    from storage.db.problems import database_problem
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
            holder = "Another process" if error.holder == "unknown" else f"Process {error.holder}"
            raise TemporaryStopError(
                f"{holder} already runs the bot on {path}; stop it first, or give "
                "this one a DATABASE_URL of its own."
            ) from error
        except OSError as error:
            is_temporary = database_problem(error).may_mend_itself
            raise (TemporaryStopError if is_temporary else StopError)(
                f"DATABASE_URL: no files can be written beside {path}: {error.strerror}."
            ) from error
        yield


async def make_links(storage: Storage, base: str | None) -> Links:
    """Return the links under *base*, signed with the key of the database."""
    from bot.rendering.links import Links, Signer
    from storage.access import signing_key

    with needing_the_database():
        async with storage.writing() as tx:
            return Links(base, Signer(await signing_key(tx)))


# Sources.


@dataclass(frozen=True, slots=True)
class SourceResources:
    """The resources for reading a source and storing its entries."""

    storage: Storage
    fetcher: Fetcher
    reader: DocumentReader
    keyring: Keyring = NO_KEYS


def make_fetcher(settings: Settings, newsroom: tuple[str, int] | None = None) -> Fetcher:
    """Return the fetcher; it may reach *newsroom*, a private host and port of ours."""
    from bot.ops import installed_version
    from bot.sources.fetch.client import Fetcher
    from bot.sources.fetch.ssrf import AddressPolicy

    own = frozenset({(ip_address(newsroom[0]), newsroom[1])} if newsroom else ())
    contact = f"; +{settings.contact_url}" if settings.contact_url else ""
    return Fetcher(
        policy=AddressPolicy(settings.allowed_networks, own),
        user_agent=f"Dateline/{installed_version()} (reads news feeds for subscribers{contact})",
    )


@asynccontextmanager
async def open_sources(
    database: Database, fetcher: Fetcher, settings: Settings
) -> AsyncIterator[SourceResources]:
    from bot.app.secrets_key import keyring_of
    from bot.sources.parser_pool import DocumentReader

    async with open_storage(database) as storage, fetcher, DocumentReader() as reader:
        keyring = keyring_of(settings, database.server)
        yield SourceResources(storage, fetcher, reader, keyring)


# Templates.


def make_renderer(
    folder: Path | None, report: Callable[[str], None], picture_proxy: str | None = None
) -> Renderer:
    """Return the English renderer, whose `of` returns those of the other languages.

    A broken template in *folder* is not used. *report* gets one sentence about each such template,
    and about each that fails later.
    """
    from bot.rendering.i18n import ENGLISH
    from bot.rendering.renderer import Renderers
    from bot.rendering.shown_pictures import PictureProxy

    proxy = PictureProxy(picture_proxy) if picture_proxy else None
    if folder is None:
        return Renderers(picture_proxy=proxy).of(ENGLISH.code)
    from bot.publishing.samples import template_samples
    from bot.rendering.environment import Overrides
    from bot.rendering.operator_templates import find_problems
    from bot.web.samples import page_samples

    def replaced(problem: str) -> None:
        report(f"{problem} The shipped one is used.")

    overrides = Overrides(folder.resolve(), replaced)
    problems = find_problems(overrides, [*template_samples(), *page_samples()])
    for problem in problems.values():
        replaced(problem)
    kept = replace(overrides, broken=frozenset(problems))
    return Renderers(kept, picture_proxy=proxy).of(ENGLISH.code)


# One process.


def new_owner() -> str:
    """Return a unique name for this process that an operator can recognise."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def _mail_readers() -> Workers:
    from bot.sources.parser_pool import Workers

    return Workers(most=1)


@dataclass(frozen=True)
class ProcessContext:
    """The context from which the roles of one process are built.

    *owner* is the name under which it leases rows, *errors* the newest errors of its log.
    *mail_readers* are other workers than those that read feeds, so that no mail delays a feed.
    The caller closes them.
    """

    settings: Settings
    deployment: Deployment
    sources: SourceResources
    links: Links
    announce: Callable[[str], None]
    errors: LastErrors = field(default_factory=LastErrors)
    owner: str = field(default_factory=new_owner)
    instrumentation: Instrumentation = field(default_factory=Instrumentation)
    mail_readers: Workers = field(default_factory=_mail_readers)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def database(self) -> Database:
        return bot_database_of(self.settings)

    @cached_property
    def renderer(self) -> Renderer:
        """The English renderer, made on first use because it takes 9 MB."""

        def warn(sentence: str) -> None:
            log.warning("a template of the operator is not used", reason=sentence)

        proxy = self.settings.picture_proxy or self.deployment.picture_proxy
        return make_renderer(self.settings.templates_dir, warn, proxy)

    @cached_property
    def access(self) -> Access:
        return access_of(self.settings, self.deployment.access)

    @property
    def has_model(self) -> bool:
        """Whether a language model is set up, by the settings or in a playground."""
        return bool(self.settings.model_url or self.deployment.model_url)

    @property
    def roles(self) -> frozenset[Role]:
        return self.settings.roles

    @property
    def role_names(self) -> str:
        return ",".join(role for role in Role if role in self.roles)

    @property
    def storage(self) -> Storage:
        return self.sources.storage

    @cached_property
    def newsletter_addresses(self) -> AddressPattern | None:
        """The addresses that newsletters come to; None if nothing receives them."""
        return newsletter_addresses_of(self.settings, self.deployment.newsletter_address)


def newsletter_addresses_of(
    settings: Settings, of_playground: str | None = None
) -> AddressPattern | None:
    """Return the addresses that newsletters come to; None if nothing receives them.

    *of_playground*: the address that the playground's mailroom receives.
    """
    from bot.sources.letters.addresses import AddressPattern

    base = of_playground or (settings.newsletter_address if settings.imap_host else None)
    return AddressPattern(base) if base else None


# The chat and the pages.


def make_resources(process: ProcessContext, mailer: Mailer | None) -> Resources:
    from bot.resources import Resources
    from bot.sources.discovery.add import SourceAdder
    from bot.sources.discovery.discover import LinkLookup

    settings, deployment, sources = process.settings, process.deployment, process.sources
    newsroom = deployment.newsroom_site
    return Resources(
        storage=process.storage,
        renderer=process.renderer,
        access=process.access,
        limits=limits_for_all(settings),
        links=process.links,
        mailer=mailer,
        source_adder=SourceAdder(
            sources.storage, sources.fetcher, sources.reader, public=True, newsroom=newsroom
        ),
        own_source_adder=make_own_source_adder(sources, newsroom),
        link_lookup=LinkLookup(sources.fetcher, sources.reader, newsroom),
        upload_reader=sources.reader,
        started_at=process.started_at,
        errors=process.errors.newest,
        is_playground=deployment.is_playground,
        app_url=deployment.app_url,
        has_search_feeds=bool(settings.search_feeds),
        has_model=process.has_model,
        keyring=sources.keyring,
        newsletters=process.newsletter_addresses,
        forms=sources.fetcher,
    )


def access_of(settings: Settings, mode: AccessMode | None = None) -> Access:
    """Return who may use the bot; *mode* replaces that of the settings in a playground."""
    from bot.subscribers.access import Access

    mode = mode or settings.access
    return Access(
        is_open=mode is AccessMode.OPEN,
        invites=mode is AccessMode.INVITE,
        allowed=settings.allowed_ids,
        admins=settings.admin_ids,
    )


def make_own_source_adder(sources: SourceResources, newsroom: SampleSite | None) -> SourceAdder:
    """Return the adder of a chat's own feeds, which reaches public hosts and *newsroom* only."""
    from bot.sources.discovery.add import Form, SourceAdder, SourceOptions

    return SourceAdder(
        sources.storage,
        sources.fetcher,
        sources.reader,
        public=False,
        options=SourceOptions(form=Form.FEED),  # because no page is read for a single chat
        newsroom=newsroom,
    )


def limits_for_all(settings: Settings) -> Limits:
    from bot.subscribers.limits import Limits

    return Limits(
        topics=settings.topics_per_chat,
        feeds=settings.feeds_per_chat,
        alerts=settings.alerts_per_chat,
        budgets=settings.budgets,
    )
