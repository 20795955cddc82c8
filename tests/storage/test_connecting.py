"""Several servers: the choice of one, and the errors after which it is left."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.pool import base as pools

from benchmarks.chaos.network import network_to
from storage.db.clock import IDLE_TRANSACTION_TIMEOUT
from storage.db.engine import Storage, Transaction
from storage.db.postgresql import COMMAND_SECONDS
from storage.db.problems import DatabaseError, is_disconnected, is_unavailable

SECONDS = "5"  # enough for any server that responds, on a busy machine


def on_servers(url: str, *servers: tuple[str, int], **options: str) -> str:
    """Return *url* with other *servers* before its own."""
    parsed = make_url(url)
    every = [*servers, (parsed.host or "localhost", parsed.port or 5432)]
    hosts, ports = zip(*every, strict=True)
    query = {"host": ",".join(hosts), "port": ",".join(map(str, ports)), **options}
    moved = parsed.set(host=None, port=None).update_query_dict(query)
    return moved.render_as_string(hide_password=False)


@asynccontextmanager
async def opened(url: str, **options: float) -> AsyncIterator[Storage]:
    storage = Storage.open(url, **options)  # type: ignore[arg-type]
    try:
        yield storage
    finally:
        await storage.close()


@asynccontextmanager
async def silent_server(taken: list[str] | None = None) -> AsyncIterator[tuple[str, int]]:
    """Yield a server that accepts connections, notes them in *taken*, and never responds."""
    ended = asyncio.Event()

    async def keep(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if taken is not None:
            taken.append("one")
        await ended.wait()
        writer.close()

    async with await asyncio.start_server(keep, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()
        ended.set()


async def execute(storage: Storage, *statements: str) -> object:
    """Execute the *statements* in one transaction; return the value of the last one."""
    async with storage.writing() as tx:
        for statement in statements[:-1]:
            await tx.change(text(statement))
        return await value_of(tx, statements[-1])


async def value_of(tx: Transaction, statement: str) -> object:
    if not statement.startswith("SELECT"):
        return await tx.change(text(statement))
    (value,) = await tx.one(text(statement))
    return value


async def server_process(storage: Storage) -> object:
    return await execute(storage, "SELECT pg_backend_pid()")


async def drop_connections_of(beside: Storage, role: str) -> None:
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :role"
    async with beside.reading() as tx:
        await tx.rows(text(ended), role=role)


async def read(storage: Storage) -> None:
    async with storage.reading() as tx:
        await value_of(tx, "SELECT 1")


async def fails(storage: Storage, *statements: str) -> Exception:
    with pytest.raises(DatabaseError) as failed:
        await execute(storage, *statements)
    return failed.value


async def test_an_absent_server_is_skipped(postgresql_url: str, unused_tcp_port: int):
    gone = ("127.0.0.1", unused_tcp_port)

    async with opened(on_servers(postgresql_url, gone, gone)) as storage:
        assert await server_process(storage)


@pytest.mark.slow
async def test_a_silent_server_is_skipped(postgresql_url: str):
    async with silent_server() as silent:
        url = on_servers(postgresql_url, silent, timeout=SECONDS)
        async with opened(url) as storage:
            assert await server_process(storage)


@pytest.mark.slow
async def test_a_silent_server_is_tried_last_next_time(postgresql_url: str):
    taken: list[str] = []
    async with silent_server(taken) as silent:
        url = on_servers(postgresql_url, silent, timeout=SECONDS)
        async with opened(url) as storage, storage.writing(), storage.writing() as tx:
            assert await value_of(tx, "SELECT 1") == 1

    assert taken == ["one"]


async def test_a_database_without_servers_is_unavailable(postgresql_url: str, unused_tcp_port: int):
    url = make_url(postgresql_url).set(host="127.0.0.1", port=unused_tcp_port)

    async with opened(url.render_as_string(hide_password=False)) as storage:
        failed = await fails(storage, "SELECT 1")

    assert is_unavailable(failed)
    assert "127.0.0.1" in str(failed)


async def test_a_server_that_takes_no_writes_is_unavailable(postgresql_url: str):
    own = make_url(postgresql_url)
    another = own.set(database="postgres").render_as_string(hide_password=False)
    async with opened(another) as beside:
        await execute(
            beside, f'ALTER DATABASE "{own.database}" SET default_transaction_read_only = on'
        )
        async with opened(postgresql_url) as storage:
            failed = await fails(storage, "SELECT 1")
        await execute(beside, f'ALTER DATABASE "{own.database}" RESET ALL')

    assert is_unavailable(failed)


async def test_a_wrong_name_is_reported_by_the_first_server(postgresql_url: str):
    url = make_url(postgresql_url).set(database="no such database")

    async with opened(url.render_as_string(hide_password=False)) as storage:
        failed = await fails(storage, "SELECT 1")

    assert "no such database" in str(failed)
    assert not is_unavailable(failed)


@pytest.mark.parametrize(
    "shut",
    [
        pytest.param('REVOKE CONNECT ON DATABASE "{0}" FROM PUBLIC', id="42501"),
        pytest.param('ALTER DATABASE "{0}" WITH ALLOW_CONNECTIONS false', id="55000"),
    ],
)
async def test_a_closed_database_is_unavailable(
    postgresql_url: str, own_postgresql_url: str, shut: str
):
    own = make_url(own_postgresql_url)
    role = f"{own.database}_guest"
    as_guest = own.set(username=role).render_as_string(hide_password=False)
    async with opened(postgresql_url) as beside:
        await execute(beside, f'CREATE ROLE "{role}" LOGIN')
        async with opened(as_guest) as storage:
            before = await execute(storage, "SELECT 1")
            await execute(beside, shut.format(own.database))
            await drop_connections_of(beside, role)
            failures = [await fails(storage, "SELECT 1") for _ in range(3)]
        await execute(beside, f'DROP ROLE "{role}"')

    assert before == 1
    assert all(map(is_unavailable, failures))
    assert str(own.database) in str(failures[-1])


async def test_an_exhausted_pool_is_an_unavailable_database(storage: Storage):
    pool = storage._engine.pool
    assert isinstance(pool, AsyncAdaptedQueuePool)
    pool._timeout = 0

    async with AsyncExitStack() as stack:
        for _ in range(pool.size() + pool._max_overflow):
            await value_of(await stack.enter_async_context(storage.reading()), "SELECT 1")
        with pytest.raises(DatabaseError) as failed:
            await read(storage)

    assert is_unavailable(failed.value)


async def test_a_new_standby_is_left(postgresql_url: str):
    async with opened(postgresql_url) as storage:
        before = await server_process(storage)
        failed = await fails(storage, "SET TRANSACTION READ ONLY", "CREATE TABLE x (y int)")

        assert is_unavailable(failed)
        assert await server_process(storage) != before


async def test_all_connections_to_a_new_standby_are_left(postgresql_url: str):
    async with opened(postgresql_url) as storage:
        async with storage.writing() as tx, storage.writing() as another:
            before = {await value_of(each, "SELECT pg_backend_pid()") for each in (tx, another)}
        await fails(storage, "SET TRANSACTION READ ONLY", "CREATE TABLE x (y int)")

        async with storage.writing() as tx, storage.writing() as another:
            after = {await value_of(each, "SELECT pg_backend_pid()") for each in (tx, another)}

    assert not before & after


async def test_a_stopped_server_is_left_by_all_connections(postgresql_url: str):
    async with opened(postgresql_url) as storage:
        before = await server_process(storage)
        failed = await fails(storage, f"SELECT pg_terminate_backend({before})", "SELECT 1")

        assert is_unavailable(failed)
        assert await server_process(storage) != before


@pytest.mark.slow
async def test_a_late_response_ends_the_connection(postgresql_url: str):
    async with opened(postgresql_url, command_seconds=int(SECONDS)) as storage:
        before = await server_process(storage)
        failed = await fails(storage, "SELECT pg_sleep(600)")

        assert is_unavailable(failed)
        assert "in time" in str(failed)
        assert await server_process(storage) != before


@pytest.mark.slow
async def test_a_statement_to_a_silent_server_fails_in_time_and_reconnects(
    postgresql_url: str,
):
    own = make_url(postgresql_url)
    async with network_to(own.host or "127.0.0.1", own.port or 5432) as network:
        behind = own.set(host="127.0.0.1", port=network.port)
        url = behind.render_as_string(hide_password=False)
        async with opened(url, command_seconds=int(SECONDS)) as storage:
            before = await server_process(storage)
            async with network.silence():
                failed = await fails(storage, "SELECT 1")

            assert is_unavailable(failed)
            assert is_disconnected(failed)
            assert await server_process(storage) != before


async def test_a_wait_for_a_lock_outlasts_a_stopped_process():
    assert IDLE_TRANSACTION_TIMEOUT.total_seconds() < COMMAND_SECONDS


async def test_the_system_probes_a_silent_server(postgresql_url: str):
    async with opened(postgresql_url) as storage, storage.reading() as tx:
        driver = await tx.driver()
        sock = driver._transport.get_extra_info("socket")

        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle, step, probes, unsent_ms = (
            sock.getsockopt(socket.IPPROTO_TCP, option)
            for option in (
                socket.TCP_KEEPIDLE,
                socket.TCP_KEEPINTVL,
                socket.TCP_KEEPCNT,
                socket.TCP_USER_TIMEOUT,
            )
        )
        assert idle + step * probes == unsent_ms / 1000 == 14


async def test_a_closed_connection_is_not_taken_from_the_pool(postgresql_url: str):
    async with opened(postgresql_url) as storage:
        async with storage.reading() as tx:
            before = await value_of(tx, "SELECT pg_backend_pid()")
            driver = await tx.driver()
        driver.terminate()

        assert await server_process(storage) != before


async def test_a_clock_set_back_after_a_loss_costs_no_connection(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
):
    async with opened(postgresql_url) as storage:
        await fails(storage, "SET TRANSACTION READ ONLY", "CREATE TABLE x (y int)")
        monkeypatch.setattr(pools, "time", SimpleNamespace(time=lambda: 0.0))

        assert await server_process(storage) == await server_process(storage)


async def test_a_failed_statement_keeps_the_connection(postgresql_url: str):
    async with opened(postgresql_url) as storage:
        before = await server_process(storage)
        failed = await fails(storage, "SELECT 1 / 0")

        assert not is_unavailable(failed)
        assert await server_process(storage) == before
