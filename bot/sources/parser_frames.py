"""The frames that a pool and its workers exchange: a length, then JSON.

Workers do not import asyncio, which the pool needs, because it takes 3 MB.
"""

import json
import struct
from collections.abc import Iterator
from typing import IO, Any, Final

LENGTH: Final = struct.Struct(">I")
PART: Final = 100_000  # bytes, decoded in a millisecond


def frame(message: dict[str, Any]) -> bytes:
    return _framed(_encoded(message))


def frames(answer: dict[str, Any]) -> Iterator[bytes]:
    """Yield the frames of *answer*, a long list in parts, so that its reader never blocks long."""
    found = answer.get("found")
    if not isinstance(found, list):
        yield frame(answer)
        return
    part, size = [], 0
    for each in map(_encoded, found):
        part.append(each)
        size += len(each)
        if size > PART:
            yield _framed(b'{"part":[%b]}' % b",".join(part))
            part, size = [], 0
    yield _framed(b'{"found":[%b]}' % b",".join(part))


def _encoded(message: Any) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _framed(body: bytes) -> bytes:
    return LENGTH.pack(len(body)) + body


def read_frame(stream: IO[bytes]) -> dict[str, Any] | None:
    """Return the next message, None at the end of *stream*."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    message: dict[str, Any] = json.loads(stream.read(*LENGTH.unpack(head)))
    return message
