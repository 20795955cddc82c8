"""One document after another into the readers, and what came of it."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.fuzz.mutations import SECRET_FILE, mutated
from benchmarks.fuzz.seeds import Seeds
from bot.sources.drafts import draft_of, identify
from bot.sources.feeds.model import Document, Unreadable
from bot.sources.parser_pool import DocumentReader, Workers, is_quick, read_at_once

SEED = 20_260_302
SECRET = SECRET_FILE.read_text(encoding="utf-8").strip()
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOURCE = "https://ex.org/feed"
HEADERS = ("", "text/xml", "text/html; charset=iso-8859-1", "application/json", "text/plain")
_BLOCKING = 0.02  # seconds that a document may hold the event loop before it is reported


@dataclass
class Tally:
    """What came of the documents. `wrong`: (number, what), none of which may be."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[int, str]] = field(default_factory=list)
    blocking: list[tuple[float, int]] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)
    items: int = 0
    asked: int = 0
    left_behind: int = 0

    @property
    def done(self) -> int:
        return self.outcomes.total()


async def try_all(numbers: Iterator[int], seeds: Seeds, *, at_once: int = 2) -> Tally:
    """Read the documents of *numbers*; each is made of its number alone."""
    tally = Tally()
    async with _canary(tally) as canary:
        reader = DocumentReader(Workers(most=at_once))
        async with reader, asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(_try_each(numbers, seeds, canary, reader, tally))
    tally.left_behind = len(children())
    return tally


def made(number: int, seeds: Seeds, canary: str) -> tuple[bytes, str]:
    """Return the document of *number* and the Content-Type that it is said to have."""
    rng = random.Random(SEED + number)
    return mutated(seeds.pick(rng), rng, canary), rng.choice(HEADERS)


def children() -> list[str]:
    """Return the processes that this one has started and that are still there (Linux)."""
    return [pid for task in Path("/proc/self/task").iterdir() for pid in _children_of(task)]


def _children_of(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except OSError:
        return []


class _canary:  # noqa: N801 - used as a context manager, like the functions that make one
    """A server on this machine that no reader may ever ask."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._asked, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_exception: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    def _asked(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tally.asked += 1
        writer.close()


async def _try_each(
    numbers: Iterator[int], seeds: Seeds, canary: str, reader: DocumentReader, tally: Tally
) -> None:
    for number in numbers:
        data, content_type = made(number, seeds, canary)
        with _timed(number, tally):
            await _try(number, data, content_type, reader, tally)


async def _try(
    number: int, data: bytes, content_type: str, reader: DocumentReader, tally: Tally
) -> None:
    try:
        document = await _read(number, data, content_type, reader, tally)
        tally.items += len(document.items)
        tally.outcomes[document.kind] += 1
        tally.wrong += [(number, fault) for fault in _faults(document)]
    except Unreadable as refusal:
        reason = refusal.reason if refusal.reason != "broken" else f"broken ({refusal})"
        tally.outcomes[f"refused: {reason}"] += 1
        if not str(refusal).strip():
            tally.wrong.append((number, "a refusal without a sentence"))
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        tally.outcomes["crashed"] += 1
        tally.wrong.append((number, f"{type(error).__name__}: {error}"[:200]))


async def _read(
    number: int, data: bytes, content_type: str, reader: DocumentReader, tally: Tally
) -> Document:
    begun = time.thread_time()
    try:
        found = read_at_once(data, SOURCE, content_type) if is_quick(data) else None
    finally:
        if (took := time.thread_time() - begun) > _BLOCKING:
            tally.blocking.append((round(took, 2), number))
    return found or await reader.read(data, url=SOURCE, public=True, content_type=content_type)


def _faults(document: Document) -> list[str]:
    """Return what no text that is stored may hold, and what cannot be taken in."""
    faults = []
    for item in document.items:
        texts = (item.title, item.summary, item.text, item.url, item.language, document.title)
        if any("\0" in text for text in texts):
            faults.append("a NUL is left")
        if any("\ud800" <= character <= "\udfff" for text in texts for character in text):
            faults.append("a surrogate is left")
        if any(SECRET in text for text in texts):
            faults.append("a file was read")
        if item.url and not item.url.startswith(("http://", "https://")):
            faults.append(f"no web address: {item.url[:80]}")
    for entry in identify(document, SOURCE):
        draft_of(*entry, source_url=SOURCE, now=NOW, backlog=False)
    return faults[:1]


@contextmanager
def _timed(number: int, tally: Tally) -> Iterator[None]:
    begun = time.monotonic()
    yield
    tally.slowest = max(tally.slowest, (round(time.monotonic() - begun, 2), number))
