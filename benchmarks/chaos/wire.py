"""A network between the bot and its database that can be cut, or fall silent without a word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_AT_ONCE = 2**16  # bytes


@dataclass(eq=False)
class Wire:
    """Every connection to *port* of this machine goes on to *server* (host, port)."""

    server: tuple[str, int]
    port: int = 0
    _speaking: asyncio.Event = field(default_factory=asyncio.Event)
    _ends: dict[int, tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = field(
        default_factory=dict
    )

    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def ports(self) -> list[int]:
        """Our port of each connection, as the server sees it."""
        return list(self._ends)

    def cut(self) -> int:
        """Reset every connection; return how many there were."""
        ends = list(self._ends.values())
        for near, far in ends:
            near.transport.abort()
            far.transport.abort()
        return len(ends)

    async def end(self) -> None:
        self._speaking.set()
        while self._tasks:
            self.cut()
            await asyncio.wait(self._tasks, timeout=1)

    @asynccontextmanager
    async def silence(self) -> AsyncIterator[None]:
        """Let nothing through, and tell nobody; what waits arrives late."""
        self._speaking.clear()
        try:
            yield
        finally:
            self._speaking.set()

    async def serve(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await self._speaking.wait()
        try:
            far_reader, far = await asyncio.open_connection(*self.server)
        except OSError:
            near.transport.abort()
            return
        port = far.get_extra_info("sockname")[1]
        self._ends[port] = near, far
        try:
            await asyncio.wait(
                [
                    asyncio.ensure_future(self._carry(near_reader, far)),
                    asyncio.ensure_future(self._carry(far_reader, near)),
                ]
            )
        finally:
            del self._ends[port]

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while said := await source.read(_AT_ONCE):
                await self._speaking.wait()
                target.write(said)
                await target.drain()
        await self._speaking.wait()  # that one side has hung up is news, too
        target.close()


@asynccontextmanager
async def wire(host: str, port: int) -> AsyncIterator[Wire]:
    laid = Wire((host, port))
    laid._speaking.set()
    server = await asyncio.start_server(laid.serve, "127.0.0.1", 0)
    laid.port = server.sockets[0].getsockname()[1]
    try:
        yield laid
    finally:
        server.close()
        await laid.end()
        await server.wait_closed()
