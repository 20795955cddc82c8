"""A server that says yes to every call of the Bot API, and nothing else; in a process of its own.

Not the playground, whose checks cost more than the sending that is to be measured.
"""

import asyncio
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen
from typing import IO, cast

_BODY = b'{"ok":true,"result":{"message_id":7,"date":0,"chat":{"id":7,"type":"private"}}}'
_YES = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_BODY)
) + _BODY
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


class Yes(asyncio.Protocol):
    transport: asyncio.WriteTransport
    got = b""

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.got += data
        while (end := self.got.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self.got, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self.got) < whole:
                return
            self.got = self.got[whole:]
            self.transport.write(_YES)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Yes, "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def saying_yes() -> Iterator[str]:
    """Yield its address."""
    command = [sys.executable, "-m", "benchmarks.delivering.yes"]
    with Popen(command, stdout=PIPE, text=True) as process:  # noqa: S603 - this module
        try:
            yield cast("IO[str]", process.stdout).readline().strip()
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(serve())
