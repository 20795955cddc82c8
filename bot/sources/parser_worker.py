"""The program of a worker process, which may be killed if a document makes it hang.

Its one argument is its niceness. Questions come on stdin and answers go to stdout, as frames: four
bytes of length, big-endian, then JSON. The frame of a question is followed by the `length` bytes of
the unparsed document. A worker ends when its input ends, and by itself when one document takes too
long, so that no orphan goes on working.

It starts no process, reaches no network and changes no file, whatever a document makes a parser do.
"""

import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC
from math import ceil
from pathlib import Path
from typing import Any

from bot.sources.channels.addresses import preview_page
from bot.sources.feeds.model import (
    Document,
    ReadingRules,
    Unreadable,
    bounded,
    item_to_json,
)
from bot.sources.feeds.reader import NeedsWorker, read_fast
from bot.sources.feeds.roots import as_utf8
from bot.sources.feeds.sniff import Shape, decode, sniff, unpacked
from bot.sources.parser_frames import frame, frames, read_frame
from bot.sources.urls import canonical_url

MEMORY_BYTES = 512 * 1024 * 1024
LARGEST_ANSWER = 20_000_000
_GRACE_SECONDS = 1  # for the parent to kill it first, if it still runs
_FORBIDDEN = (
    "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system",
    "socket.bind", "socket.connect", "socket.get", "socket.send",
)  # fmt: skip
_ON_FILES = (
    "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir",
    "os.symlink", "os.truncate", "shutil.",
)  # fmt: skip
_CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_COMPILED = "__pycache__"  # the folder in which an import stores compiled modules
_TOO_MUCH = {"unreadable": "There is too much in this.", "reason": "too_big"}
_NO_MEMORY = {"unreadable": "Reading this takes too much memory.", "reason": "memory"}


def main() -> None:
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    os.nice(int(sys.argv[1]))
    _shut_in()
    while (question := read_frame(questions)) is not None:
        data = questions.read(question["length"])
        signal.alarm(ceil(question["seconds"]) + _GRACE_SECONDS)
        answer = b"".join(frames(_answer(question["task"], data, question["facts"])))
        signal.alarm(0)
        answers.write(answer if len(answer) <= LARGEST_ANSWER else frame(_TOO_MUCH))
        answers.flush()


def _shut_in() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    sys.addaudithook(_refuse)
    sys.stdout = sys.stderr  # otherwise a parser's prints would stand among the answers
    logging.disable(logging.CRITICAL)  # the answer reports errors
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends the input


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN) or _changes_a_file(event, arguments):
        raise PermissionError(event)


def _changes_a_file(event: str, arguments: tuple[Any, ...]) -> bool:
    is_opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & _CHANGING
    if not is_opened and not event.startswith(_ON_FILES):
        return False
    if isinstance(arguments[0], int):
        return False  # a descriptor of a file that was allowed to be opened
    return _COMPILED not in Path(str(arguments[0])).parts


def _answer(task: str, data: bytes, facts: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"found": _TASKS[task](data, **facts)}
    except Unreadable as refusal:
        return {"unreadable": str(refusal), "reason": refusal.reason}
    except MemoryError:
        return _NO_MEMORY
    except Exception as error:  # noqa: BLE001 - the document is at fault, whatever a parser raises
        # lxml raises a MemoryError in some places only; in others its log tells.
        if any(entry.type_name == "ERR_NO_MEMORY" for entry in getattr(error, "error_log", ())):
            return _NO_MEMORY
        return {"unreadable": f"This cannot be read ({type(error).__name__}).", "reason": "broken"}


def _document(
    data: bytes,
    url: str,
    content_type: str,
    language_before: str = "",
    rules: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return the document without its items, then the items, each with its canonical URL.

    *rules*: the fields of `ReadingRules`.
    """
    wanted = ReadingRules(**rules or {})
    found = read_fast(data, url, content_type, language_before, wanted.clock or UTC)
    document = bounded(found if isinstance(found, Document) else _read(found, url, wanted))
    items = [item_to_json(item) | {"form": canonical_url(item.url)} for item in document.items]
    return [replace(document, items=()).to_json(), *items]


def _links(data: bytes, url: str, content_type: str) -> list[dict[str, str]] | None:
    """Return the feeds that a page names or links; None if *data* is no page."""
    from bot.sources.discovery.links import links_of  # noqa: PLC0415 - see `_read`

    data = unpacked(data)
    text = decode(data, content_type)
    return (
        [asdict(link) for link in links_of(text, url)] if sniff(data, text) is Shape.PAGE else None
    )


def _opml(data: bytes) -> list[dict[str, Any]]:
    from bot.sources.discovery.opml import read_opml  # noqa: PLC0415 - see `_read`

    return [asdict(outline) for outline in read_opml(data)]


def _export(data: bytes) -> list[dict[str, Any]] | dict[str, str]:
    """Return the imported parts of an export, or the part that is invalid and its value."""
    from bot.subscribers.export_document import (  # noqa: PLC0415 - see `_read`
        PartError,
        read_document,
        to_parts,
    )

    try:
        return to_parts(read_document(data))
    except PartError as error:
        return {"part": error.part, "value": error.value}


def _mail(data: bytes) -> dict[str, Any] | None:
    from bot.mail.reports import read_report  # noqa: PLC0415 - see `_read`

    report = read_report(data)
    return report.to_json() if report else None


def _letter(data: bytes, server: str) -> dict[str, Any]:
    from bot.sources.letters.letter import bounded_letter, read_letter  # noqa: PLC0415 - see `_read`

    return bounded_letter(read_letter(data, server))


_TASKS: dict[str, Callable[..., Any]] = {
    "document": _document,
    "export": _export,
    "letter": _letter,
    "links": _links,
    "mail": _mail,
    "opml": _opml,
}


def _read(found: NeedsWorker, url: str, rules: ReadingRules) -> Document:
    """Read a document with a reader that is imported on first use.

    A worker that only gets feeds needs no other readers.
    """
    if found.shape is Shape.PAGE and (page := preview_page(url)):
        from bot.sources.channels.preview import read_preview  # noqa: PLC0415 - see above

        return read_preview(found.text, page)
    if found.shape is Shape.PAGE:
        from bot.sources.pages.page import read_page  # noqa: PLC0415 - see above

        return read_page(found.text, url, rules)
    if found.shape is Shape.TEXT:
        from bot.sources.pages.text import read_text  # noqa: PLC0415 - see above

        return read_text(found.text, url)
    from bot.sources.feeds.fallback import read_broken  # noqa: PLC0415 - see above

    return read_broken(as_utf8(found.text), url, rules.clock or UTC)


if __name__ == "__main__":
    main()
