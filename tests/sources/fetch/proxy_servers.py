"""Small proxies for tests: HTTP CONNECT and SOCKS5, which lead every address to one server here."""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class FakeProxy:
    """*target*: the port to which all tunnels lead. *login*: what it demands, if anything.

    `asked` has each address and port that it was asked for, `logins` each login that was sent.
    *reply*: a status or code with which it refuses; *hangs*: it never answers. *demands*: the kind
    of login of an HTTP proxy. *bound*: the address in the answer of a SOCKS proxy.
    """

    target: int
    login: str = ""
    reply: int | None = None
    hangs: bool = False
    demands: str = "Basic realm=gate"
    bound: bytes = bytes((1, *bytes(6)))
    port: int = 0
    asked: list[tuple[str, int]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak HTTP CONNECT."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *lines = head.split("\r\n")
        headers = dict(each.split(": ", 1) for each in lines if ": " in each)
        method, at, _version = line.split(" ")
        assert method == "CONNECT"
        host, _, port = at.rpartition(":")
        self.asked.append((host.strip("[]"), int(port)))
        sent = headers.get("Proxy-Authorization", "").removeprefix("Basic ")
        self.logins.append(b64decode(sent).decode())
        if self.hangs:
            await asyncio.Event().wait()
        if self.login and self.logins[-1] != self.login:
            writer.write(f"HTTP/1.1 407 No\r\nProxy-Authenticate: {self.demands}\r\n\r\n".encode())
        elif self.reply:
            writer.write(f"HTTP/1.1 {self.reply} No\r\n\r\n".encode())
        else:
            writer.write(b"HTTP/1.1 200 Yes\r\n\r\n")
            await self._pass_on(reader, writer)

    async def socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak SOCKS5, with a login if one is demanded."""
        _version, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        wanted = 2 if self.login else 0
        writer.write(bytes((5, wanted if wanted in methods else 255)))
        if wanted not in methods:
            return
        if wanted:
            _one, length = await reader.readexactly(2)
            user = await reader.readexactly(length)
            (length,) = await reader.readexactly(1)
            self.logins.append(f"{user.decode()}:{(await reader.readexactly(length)).decode()}")
            is_right = self.logins[-1] == self.login
            writer.write(bytes((1, 0 if is_right else 1)))
            if not is_right:
                return
        _five, _connect, _zero, kind = await reader.readexactly(4)
        assert kind in {1, 4}, "the proxy was asked for a name"
        address = ip_address(await reader.readexactly(4 if kind == 1 else 16))
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append((str(address), port))
        if self.hangs:
            await asyncio.Event().wait()
        writer.write(bytes((5, self.reply or 0, 0)) + self.bound)
        if not self.reply:
            await self._pass_on(reader, writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            await asyncio.gather(_copy(reader, outer), _copy(inner, writer))
        finally:
            outer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await reader.read(65_536):
            writer.write(part)
            await writer.drain()
        writer.write_eof()


@asynccontextmanager
async def serving_proxy(
    proxy: FakeProxy,
    speak: Callable[..., Awaitable[None]],
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[FakeProxy]:
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(OSError, EOFError, asyncio.CancelledError):
            await speak(reader, writer)
        writer.close()
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in [*tasks]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
