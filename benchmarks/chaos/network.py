"""A network between the bot and its database that can be cut or fall silent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_CHUNK = 2**16  # bytes


@dataclass(eq=False)
class Network:
    """Forwards every connection to *port* of this machine to *server* (host, port)."""

    server: tuple[str, int]
    port: int = 0
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _ends: dict[int, tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = field(
        default_factory=dict
    )
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def ports(self) -> list[int]:
        """The client port of each connection, as the server sees it."""
        return list(self._ends)

    def cut(self) -> int:
        """Reset every connection, and return their number."""
        ends = list(self._ends.values())
        for near, far in ends:
            near.transport.abort()
            far.transport.abort()
        return len(ends)

    async def close(self) -> None:
        self._flowing.set()
        while self._tasks:
            self.cut()
            await asyncio.wait(self._tasks, timeout=1)

    @asynccontextmanager
    async def silence(self) -> AsyncIterator[None]:
        """Delay all data until the block ends, without closing a connection."""
        self._flowing.clear()
        try:
            yield
        finally:
            self._flowing.set()

    async def serve(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await self._flowing.wait()
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
                    asyncio.ensure_future(self._forward(near_reader, far)),
                    asyncio.ensure_future(self._forward(far_reader, near)),
                ]
            )
        finally:
            del self._ends[port]

    async def _forward(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(_CHUNK):
                await self._flowing.wait()
                target.write(data)
                await target.drain()
        await self._flowing.wait()  # the end of a connection is delayed too
        target.close()


@asynccontextmanager
async def network_to(host: str, port: int) -> AsyncIterator[Network]:
    network = Network((host, port))
    network._flowing.set()
    server = await asyncio.start_server(network.serve, "127.0.0.1", 0)
    network.port = server.sockets[0].getsockname()[1]
    try:
        yield network
    finally:
        server.close()
        await network.close()
        await server.wait_closed()
