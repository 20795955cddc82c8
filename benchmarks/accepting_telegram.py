"""A Bot API that accepts every call, in a process of its own.

    python -m benchmarks.accepting_telegram

The playground's checks would cost more than the sending that is measured.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.http_server import response, serve
from benchmarks.processes import running_server

_BODY = b'{"ok":true,"result":{"message_id":7,"date":0,"chat":{"id":7,"type":"private"}}}'
_ACCEPTED = response("200 OK", _BODY, "application/json")


@contextmanager
def accepting_telegram() -> Iterator[str]:
    """Yield the address of the server."""
    with running_server(__name__) as (_, port):
        yield f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    asyncio.run(serve(lambda _path, _headers: _ACCEPTED))
