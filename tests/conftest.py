"""Fixtures for the tests of all packages: databases, a clock to turn, the corpus, a browser.

A test is skipped if the server, browser or corpus that it needs is absent; with DATELINE_REQUIRE=1
it fails instead.
"""

import gc

from bot.app.aiogram_models import import_aiogram

if gc.isenabled():
    # Nothing is garbage yet: collections would take a fifth of the time in which pytest starts.
    gc.disable()
    # As the bot does; this comes before any other import of aiogram, which would take 3 seconds.
    import_aiogram()

import asyncio
import inspect
import io
import json
import logging
import os
import shutil
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import redirect_stderr
from datetime import UTC, datetime, timedelta
from functools import cache, partialmethod
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
import pytest_asyncio
import structlog
from aiogram.client.session import aiohttp as aiohttp_session
from aiogram.dispatcher.event import handler
from hypothesis import HealthCheck, settings
from playwright.async_api import Browser
from sqlalchemy import Engine, make_url, text
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.util import LRUCache

from bot.ops.logs import configure_logs, redact_line
from bot.sources.parser_pool import Workers
from hatch_build import compile_all
from storage.db.engine import Storage
from storage.schema import migrate
from tests.clean_database import Emptier
from tests.secrecy import (  # noqa: F401 - hooks, which pytest finds here by their names
    pytest_runtest_logreport,
    pytest_sessionfinish,
    pytest_terminal_summary,
)
from tests.story.processes import PATIENCE

compile_all()  # some may have changed since the project was installed

TESTS = Path(__file__).parent
MONDAY_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

# No deadline, because it would fail at random on a shared machine. The default profile tries the
# same examples each time; `make test-all` searches with random ones.
settings.register_profile(
    "dateline",
    derandomize=True,
    database=None,
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile(
    "random", settings.get_profile("dateline"), derandomize=False, max_examples=100, print_blob=True
)
settings.load_profile("dateline")


# Their files take longest. A process that began one last would work on alone at the end.
LONG = ("story", "packaging")
# `make test` runs the tests in these folders on both databases, all others on SQLite alone.
ON_BOTH_DATABASES = ("storage", "delivery")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder not in ON_BOTH_DATABASES and _is_on_postgresql(item):
            item.add_marker("slow")
    items.sort(key=lambda item: item.path.relative_to(TESTS).parts[0] not in LONG)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep what all tests share out of garbage collections, which took a quarter of a chat test."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(100_000, 10, 10)


def _is_on_postgresql(item: pytest.Item) -> bool:
    asked = set(getattr(item, "fixturenames", ()))
    if chosen := getattr(item, "callspec", None):
        databases = ("database_url", "own_database_url")
        asked |= {chosen.params[name] for name in databases if name in chosen.params}
    return not asked.isdisjoint({"postgresql", "postgresql_url", "own_postgresql_url"})


def missing(what: str) -> NoReturn:
    """Skip the test because *what* is absent; fail it with DATELINE_REQUIRE=1."""
    if os.environ.get("DATELINE_REQUIRE") == "1":
        pytest.fail(f"required here, but absent: {what}")
    pytest.skip(what)


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Log errors as in production, because structlog's own tracebacks take seconds to draw."""
    structlog.configure(
        processors=[
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=False),
            redact_line,  # type: ignore[list-item]  # gets a line, because it follows the renderer
        ]
    )


@pytest.fixture
def restored_logs() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


LogLines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def log_lines(restored_logs: None) -> LogLines:
    """Write the log as in production; return a function that reads its new lines."""
    written = io.StringIO()
    with redirect_stderr(written):
        configure_logs("json", "info")
    structlog.configure(cache_logger_on_first_use=False)  # other tests capture these loggers' lines

    def read() -> list[dict[str, Any]]:
        lines = written.getvalue().splitlines()
        written.seek(0)
        written.truncate()
        return [json.loads(line) for line in lines]

    return read


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """Read parameters and TLS contexts once, which otherwise takes half of a chat test's time."""
    known: dict[Any, tuple[bool, set[str], bool]] = {}
    read = handler.CallableObject.__post_init__

    def read_parameters(self: handler.CallableObject) -> None:
        callback = inspect.unwrap(self.callback)
        code = getattr(callback, "__code__", None) or getattr(
            type(callback).__call__, "__code__", 0
        )
        key = code, inspect.isfunction(callback)
        if not code or key not in known:
            read(self)
            known[key] = self.awaitable, self.params, self.varkw
        self.awaitable, self.params, self.varkw = known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handler.CallableObject, "__post_init__", read_parameters)
        contexts = SimpleNamespace(create_default_context=cache(ssl.create_default_context))
        patch.setattr(aiohttp_session, "ssl", contexts)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Share compiled statements among the engines of all tests; each test has an engine.

    A statement is compiled for a dialect, so that dialects with the same options must be equal.
    """
    compiled: LRUCache[Any, Any] = LRUCache(10_000)

    def options(dialect: DefaultDialect) -> tuple[Any, ...]:
        return type(dialect), dialect.paramstyle, dialect._json_serializer

    with pytest.MonkeyPatch.context() as patch:
        shared = property(lambda _engine: compiled, lambda _engine, _own: None)
        patch.setattr(Engine, "_compiled_cache", shared, raising=False)
        patch.setattr(DefaultDialect, "__hash__", lambda dialect: hash(options(dialect)))
        patch.setattr(DefaultDialect, "__eq__", lambda one, other: options(one) == options(other))
        yield


@pytest.fixture(scope="session", autouse=True)
def patient_workers() -> Iterator[None]:
    """Give parser workers more than ten seconds for a document, because the machine may be busy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workers, "__init__", partialmethod(Workers.__init__, seconds=PATIENCE))
        yield


class TurnedClock:
    """A clock that stands still until a test turns it; it replaces the clock of the database."""

    def __init__(self, now: datetime = MONDAY_NOON) -> None:
        self.now = now

    async def __call__(self, _connection: AsyncConnection) -> datetime:
        return self.now

    def turn(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite3"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Yield the URL of a migrated database of this test run, on DATELINE_TEST_POSTGRESQL."""
    server = os.environ.get("DATELINE_TEST_POSTGRESQL")
    if not server:
        missing("DATELINE_TEST_POSTGRESQL names no PostgreSQL server")
    url = make_url(server)
    name = f"dateline_test_{os.getpid()}"
    asyncio.run(_on_server(server, f'CREATE DATABASE "{name}"'))
    own = url.set(database=name).render_as_string(hide_password=False)
    try:
        asyncio.run(migrate(own))
        yield own
    finally:
        asyncio.run(_on_server(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _on_server(url: str, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture(scope="session")
def emptier(postgresql_url: str) -> Iterator[Emptier]:
    with Emptier(postgresql_url) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty, migrated database, first on SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "dateline.sqlite3"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite+aiosqlite:///{path}"
    url: str = request.getfixturevalue("postgresql_url")
    request.getfixturevalue("emptier").empty()
    return url


@pytest.fixture
def own_postgresql_url(postgresql_url: str) -> Iterator[str]:
    """Yield the URL of a database without tables, for one test that also changes the schema."""
    url = make_url(postgresql_url)
    name = f"{url.database}_own"
    asyncio.run(_on_server(postgresql_url, f'CREATE DATABASE "{name}"'))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        asyncio.run(_on_server(postgresql_url, f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture(params=["sqlite", "postgresql"])
def own_database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a migrated database of this test, first on SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    url: str = request.getfixturevalue("own_postgresql_url")
    asyncio.run(migrate(url))
    return url


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    path = tmp_path / "dateline.sqlite3"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
async def storage(database_url: str, clock: TurnedClock) -> AsyncIterator[Storage]:
    """Yield an empty storage whose clock the test turns, on each kind of database."""
    opened = Storage.open(database_url, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def corpus() -> Path:
    folder = os.environ.get("DATELINE_CORPUS")
    if not folder or not Path(folder).is_dir():
        missing("DATELINE_CORPUS names no folder")
    return Path(str(folder)).resolve()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Yield the only browser of this test run; a test closes the contexts that it opens.

    Tests must run in its event loop: `pytest.mark.asyncio(loop_scope="session")`.
    """
    from tests.browsing import CHROMIUM, launched

    if not CHROMIUM.exists():
        missing(f"no Chromium at {CHROMIUM}")
    async with launched() as opened:
        yield opened
