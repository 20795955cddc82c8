"""The worker's main: reads documents that may hang, in a process that may be killed.

Asked on stdin, answers on stdout; both are frames: four bytes of length, big-endian, then JSON.
A question's frame is followed by `length` bytes of UTF-8, the document. It ends when its input
ends, and by itself when one document takes far too long, so that no orphan goes on working.
"""

import json
import logging
import resource
import signal
import struct
import sys
from typing import IO, Any

from bot.sources.documents import Shape
from bot.sources.records import Document, Unreadable
from bot.sources.strictxml import as_utf8

MEMORY_BYTES = 512 * 1024 * 1024
_LAST_RESORT_SECONDS = 30
_LENGTH = struct.Struct(">I")


def main() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who ends the input
    logging.disable(logging.CRITICAL)  # the extractors' remarks; the answer says what matters
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while (question := read_frame(questions)) is not None:
        text = questions.read(question["length"]).decode("utf-8")
        signal.alarm(_LAST_RESORT_SECONDS)
        answer = _answer(Shape(question["shape"]), text, question["url"])
        signal.alarm(0)
        answers.write(frame(answer))
        answers.flush()


def frame(message: dict[str, Any]) -> bytes:
    body = json.dumps(message).encode()
    return _LENGTH.pack(len(body)) + body


def read_frame(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message, None at the end of *stream*."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    message: dict[str, Any] = json.loads(stream.read(*_LENGTH.unpack(head)))
    return message


def _answer(shape: Shape, text: str, url: str) -> dict[str, Any]:
    try:
        return {"document": _read(shape, text, url).to_json()}
    except Unreadable as refusal:
        return {"unreadable": str(refusal), "reason": refusal.reason}
    except MemoryError:
        return {"unreadable": "Reading this takes too much memory.", "reason": "memory"}
    except Exception as error:  # noqa: BLE001 - whatever a parser trips over is the document's fault
        return {"unreadable": f"This cannot be read ({type(error).__name__}).", "reason": "broken"}


def _read(shape: Shape, text: str, url: str) -> Document:
    """Each reader is imported when first needed: a worker for feeds need not load the others."""
    if shape is Shape.PAGE:
        from bot.sources.pages import read_page  # noqa: PLC0415 - see above

        return read_page(text, url)
    if shape is Shape.TEXT:
        from bot.sources.texts import read_text  # noqa: PLC0415 - see above

        return read_text(text, url)
    from bot.sources.slowfeeds import read_slow  # noqa: PLC0415 - see above

    return read_slow(as_utf8(text), url)


if __name__ == "__main__":
    main()
