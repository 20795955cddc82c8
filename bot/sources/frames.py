"""How a worker and who asks it tell where a message ends: its length stands before it.

Apart from the worker, whose parsers who asks has no use for.
"""

import json
import struct
from collections.abc import Iterator
from typing import IO, Any

_LENGTH = struct.Struct(">I")
_PART = 100_000  # bytes, decoded in a millisecond


def frame(message: dict[str, Any]) -> bytes:
    return _framed(_encoded(message))


def frames(answer: dict[str, Any]) -> Iterator[bytes]:
    """*answer*, in whose place a long list that it has found goes in parts.

    So who takes it need not stand still for the whole.
    """
    found = answer.get("found")
    if not isinstance(found, list):
        yield frame(answer)
        return
    part, size = [], 0
    for each in map(_encoded, found):
        part.append(each)
        size += len(each)
        if size > _PART:
            yield _framed(b'{"part":[%b]}' % b",".join(part))
            part, size = [], 0
    yield _framed(b'{"found":[%b]}' % b",".join(part))


def _encoded(message: Any) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _framed(body: bytes) -> bytes:
    return _LENGTH.pack(len(body)) + body


def read_frame(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message, None at the end of *stream*."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    message: dict[str, Any] = json.loads(stream.read(*_LENGTH.unpack(head)))
    return message
