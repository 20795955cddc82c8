"""A minimal HTTP server, so that serving costs less than what a benchmark measures."""

import asyncio
import sys
from collections.abc import Callable

_END = b"\r\n\r\n"
Headers = dict[str, str]
"""Names are in lower case."""


class Connection(asyncio.Protocol):
    """Passes each request to `handle` (its path and headers); the body is skipped."""

    transport: asyncio.WriteTransport

    def __init__(self, respond: Callable[[str, Headers], bytes]) -> None:
        self.respond = respond
        self._received = b""

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(_END)) >= 0:
            request, *lines = self._received[:end].decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in lines)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            size = end + len(_END) + int(headers.get("content-length", 0))
            if len(self._received) < size:
                return
            self._received = self._received[size:]
            self.handle(request.split()[1], headers)

    def handle(self, path: str, headers: Headers) -> None:
        self.transport.write(self.respond(path, headers))
        if headers.get("connection", "").lower() == "close":
            self.transport.close()


def response(status: str, body: bytes = b"", content_type: str = "", /, **headers: str) -> bytes:
    """Return a response; underscores in the names of headers stand for hyphens."""
    if content_type:
        headers["Content-Type"] = content_type
    if not status.startswith(("204", "304")):
        headers["Content-Length"] = str(len(body))
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1") + body


async def serve(respond: Callable[[str, Headers], bytes]) -> None:
    """Serve on a free port of this machine, which is printed first, until the input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(respond), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
