"""How a worker and who asks it tell where a message ends: its length stands before it.

Apart from the worker, whose parsers who asks has no use for.
"""

import json
import struct
from typing import IO, Any

_LENGTH = struct.Struct(">I")


def frame(message: dict[str, Any]) -> bytes:
    body = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return _LENGTH.pack(len(body)) + body


def read_frame(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message, None at the end of *stream*."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    message: dict[str, Any] = json.loads(stream.read(*_LENGTH.unpack(head)))
    return message
