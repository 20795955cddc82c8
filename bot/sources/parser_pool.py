"""Reads documents: small feeds in this process, all others in workers that may be killed.

Documents may be hostile. This process counts their bytes and tags, and parses only those of which
even the worst with these counts takes a few milliseconds, which `benchmarks.fuzz` measures.

Documents that users name or send have workers of their own, with a lower priority, so that no
document of a public source waits for them.

Workers start on demand, are killed at their time limit, and end when idle. A bad document costs at
most its own worker; the next document gets a new one. Workers have their own session and a minimal
environment, so that neither a Ctrl-C nor a secret reaches them.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from bot.sources.feeds.known_entries import MarkedBody, mark
from bot.sources.feeds.model import (
    AS_USUAL,
    Document,
    Item,
    ReadingRules,
    SelectorProblem,
    Unreadable,
    bounded,
    in_language,
    item_from_json,
    without_fingerprints,
)
from bot.sources.parser_frames import LENGTH, frame
from bot.sources.urls import are_quick, remember

if TYPE_CHECKING:
    from bot.sources.discovery.links import FeedLink
    from bot.sources.discovery.opml import Outline
    from bot.subscribers.export_document import ExportDocument

# A worker needs 1.6 times the CPU, because it answers in JSON. So this process reads all documents
# that it can read in about 10 ms.
QUICK: Final = 128_000  # bytes; one that is not ASCII counts double
_ASCII: Final = bytes(range(128))
# Small parts cost more than their bytes suggest.
_MOST_TAGS: Final = 2_048
_MOST_OBJECTS: Final = 400  # of JSON
_MOST_ENTRIES: Final = 128
_MOST_REFERENCES: Final = 8_000  # such as `&amp;`; some feeds of 120 KB have 5,000
_ENTRIES: Final = (b"<item", b":item", b"<entry", b":entry", b"<url>", b":url>", b"<sitemap>")
_IN_ENTRIES: Final = (b"item", b"entry", b"url>")  # in each of them, and found faster
_GZIP: Final = b"\x1f\x8b"
_NICENESS: Final = 10

# A page is read without its selectors if it takes longer with them than this share of the time-out.
_SELECTING_SHARE: Final = 0.5
_EXHAUSTED: Final = frozenset({"time_out", "memory"})

_MOST_DOCUMENTS = 500  # after which a worker is replaced, because parsers leak memory

Made = TypeVar("Made")


class Worker:
    """One process, which answers one question at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._asked = 0
        self._is_retired = False
        self._retiring: asyncio.TimerHandle | None = None

    @classmethod
    async def start(cls, niceness: int = 0) -> Self:
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot.sources.parser_worker", str(niceness)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                    "PYTHONUTF8": "1",
                    "OPENBLAS_NUM_THREADS": "1",  # each thread would reserve memory of its own
                },
                start_new_session=True,
            )
        )

    @property
    def is_usable(self) -> bool:
        is_alive = self._process.returncode is None and not self._is_retired
        return is_alive and self._asked < _MOST_DOCUMENTS

    async def ask(
        self, task: str, data: bytes, facts: dict[str, Any], seconds: float
    ) -> dict[str, Any]:
        """Return the worker's answer; raise EOFError or ConnectionError if the worker died.

        The worker ends by itself a little after *seconds*, in case this process is gone by then.
        """
        self._asked += 1
        self._stay()
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ConnectionError
        head = {"task": task, "facts": facts, "length": len(data), "seconds": seconds}
        stdin.write(frame(head))
        stdin.write(data)
        await stdin.drain()
        parts: list[Any] = []
        while "part" in (answer := await _next_frame(stdout)):
            parts += answer["part"]
            await asyncio.sleep(0)
        return answer | {"found": parts + answer["found"]} if parts else answer

    def retire_after(self, seconds: float) -> None:
        """Retire if nothing is asked for so many *seconds*."""
        self._retiring = asyncio.get_running_loop().call_later(seconds, self.retire)

    def _stay(self) -> None:
        if self._retiring is not None:
            self._retiring.cancel()

    def retire(self) -> None:
        """Kill the process, which holds nothing that must be saved; `end` must follow."""
        self._is_retired = True
        if self._process.returncode is None:
            # `Process.kill` would poll the process first, and take its exit status from the loop.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def end(self) -> None:
        self._stay()
        self.retire()
        await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(ConnectionError):
                await self._process.stdin.wait_closed()


async def _next_frame(stream: asyncio.StreamReader) -> dict[str, Any]:
    (length,) = LENGTH.unpack(await stream.readexactly(LENGTH.size))
    message: dict[str, Any] = json.loads(await stream.readexactly(length))
    return message


@dataclass(slots=True)
class Workers:
    """A pool of at most *most* workers; further documents wait.

    The worker that was busy last is asked first, so that the others can end. *idle_seconds*: after
    which each of them ends. *niceness*: added to that of this process, see nice(2).
    """

    most: int = 2
    seconds: float = 10
    idle_seconds: float = 60
    niceness: int = 0
    _free: list[Worker] = field(default_factory=list)
    _alive: set[Worker] = field(default_factory=set)
    _slots: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.most)

    async def read(self, task: str, data: bytes, share: float = 1, **facts: Any) -> Any:
        """Return what a worker finds in *data*, as JSON; raise Unreadable.

        *share*: the part of the time-out that this document may take.
        """
        seconds = self.seconds * share
        async with self._slots:
            worker = await self._take()
            try:
                async with asyncio.timeout(seconds):
                    answer = await worker.ask(task, data, facts, seconds)
            except TimeoutError:
                raise Unreadable(
                    f"Reading this takes longer than {seconds:g} seconds.", "time_out"
                ) from None
            except (EOFError, ConnectionError, ValueError):
                raise Unreadable("Reading this broke the reader.", "memory") from None
            else:
                # A worker that ran out of memory may not have freed all of it.
                if answer.get("reason") != "memory":
                    worker.retire_after(self.idle_seconds)
                    self._free.append(worker)
            finally:
                if worker not in self._free:
                    await self._end(worker)
        if "unreadable" in answer:
            raise Unreadable(answer["unreadable"], answer["reason"])
        return answer["found"]

    async def close(self) -> None:
        self._free.clear()
        for worker in tuple(self._alive):  # busy ones included
            await self._end(worker)

    async def _take(self) -> Worker:
        while self._free:
            worker = self._free.pop()
            if worker.is_usable:
                return worker
            await self._end(worker)
        worker = await Worker.start(self.niceness)
        self._alive.add(worker)
        return worker

    async def _end(self, worker: Worker) -> None:
        self._alive.discard(worker)
        await worker.end()


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """Reads documents here or in workers. Use inside `async with`, so that no worker is left."""

    workers: Workers = field(default_factory=Workers)
    user_workers: Workers = field(default_factory=lambda: Workers(niceness=_NICENESS))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.workers.close()
        await self.user_workers.close()

    async def read(
        self,
        data: bytes,
        *,
        url: str,
        public: bool,
        content_type: str = "",
        known: bytes = b"",
        rules: ReadingRules = AS_USUAL,
    ) -> Document:
        """Return the document in *data*, fetched from *url* ("" if nowhere); raise Unreadable.

        *public*: for a public source or the operator, rather than for a user. *known*: the entries
        of the last read, as `pack_seen` returns them; those that are unchanged are not read again.
        *rules*: those of its source. A page on which its selectors take too long is read without.
        """
        body = mark(data, url, content_type, known)
        if body.seen:
            with contextlib.suppress(Unreadable):
                document = await self._read(body, url, content_type, rules, public=public)
                if body.is_exact(document):
                    return replace(document, seen=body.seen)
            body = MarkedBody(data)  # without the known entries, it may be another document
        document = await self._read(body, url, content_type, rules, public=public)
        return document if body.is_exact(document) else without_fingerprints(document)

    async def _read(
        self, body: MarkedBody, url: str, content_type: str, rules: ReadingRules, *, public: bool
    ) -> Document:
        data, language, clock = body.data, body.language, rules.clock or UTC
        document = None
        if is_quick(data):
            document = read_at_once(data, url, content_type, language, clock)
        if document is None:
            facts = {"url": url, "content_type": content_type, "language_before": language}
            workers = self.workers if public else self.user_workers
            document = await _read_by(workers, data, facts, rules)
        return in_language(document, rules.language) if rules.language else document

    async def links(
        self, data: bytes, *, url: str, content_type: str = ""
    ) -> "tuple[FeedLink, ...] | None":
        """Return the feeds that the page in *data* names or links; None if it is no page.

        A user's worker reads it, because only adding a source asks for links.
        """
        from bot.sources.discovery.links import FeedLink, Where  # noqa: PLC0415 - see below

        found = await self.user_workers.read("links", data, url=url, content_type=content_type)
        if found is None:
            return None
        return await asyncio.to_thread(
            _each, found, lambda link: FeedLink(**link | {"where": Where(link["where"])})
        )

    async def outlines(self, data: bytes) -> "tuple[Outline, ...]":
        """Return the feeds that the OPML in *data* lists; raise Unreadable."""
        from bot.sources.discovery.opml import Outline  # noqa: PLC0415 - see below

        found = await self.user_workers.read("opml", data)
        return await asyncio.to_thread(
            _each, found, lambda each: Outline(**each | {"folder": tuple(each["folder"])})
        )

    async def export(self, data: bytes) -> "ExportDocument":
        """Return the imported parts of the export in *data*; raise PartError or Unreadable."""
        from bot.subscribers.export_document import (  # noqa: PLC0415 - see below
            PartError,
            from_parts,
            part_of,
        )

        found = await self.workers.read("export", data)
        if isinstance(found, dict):
            raise PartError(**found)
        chosen, *parts = found
        return from_parts(chosen, await asyncio.to_thread(_each, parts, part_of))


async def _read_by(
    workers: Workers, data: bytes, facts: Mapping[str, Any], rules: ReadingRules
) -> Document:
    """Let a worker read *data*; without the selectors of *rules* if it does not cope with them."""
    if not rules.has_selectors:
        chosen: dict[str, Any] = {} if rules == AS_USUAL else {"rules": asdict(rules)}
        head, *items = await workers.read("document", data, **facts, **chosen)
        read = await asyncio.to_thread(_each, items, _item)
        return replace(Document.from_json(head), items=read)
    try:
        head, *items = await workers.read(
            "document", data, _SELECTING_SHARE, **facts, rules=asdict(rules)
        )
    except Unreadable as error:
        if error.reason not in _EXHAUSTED:
            raise
        document = await _read_by(workers, data, facts, rules.without_selectors)
        return replace(document, selector_problem=SelectorProblem.TOO_SLOW)
    read = await asyncio.to_thread(_each, items, _item)
    return replace(Document.from_json(head), items=read)


def _each(
    found: Iterable[dict[str, Any]], make: Callable[[dict[str, Any]], Made]
) -> tuple[Made, ...]:
    return tuple(map(make, found))


def _item(fields: dict[str, Any]) -> Item:
    remember({fields["url"]: fields.pop("form")})
    return item_from_json(fields)


def is_quick(data: bytes) -> bool:
    """Return whether even the worst document with the counts of *data* is read in about 10 ms."""
    if len(data) > QUICK or data.startswith(_GZIP):
        return False
    beyond_ascii = data.translate(None, _ASCII)
    return (
        len(data) + len(beyond_ascii) <= QUICK
        and data.count(b"<") <= _MOST_TAGS
        and data.count(b"{") <= _MOST_OBJECTS
        and data.count(b"&") <= _MOST_REFERENCES
        and (_has_few(_IN_ENTRIES, data) or _has_few(_ENTRIES, data))
    )


def _has_few(parts: Iterable[bytes], data: bytes) -> bool:
    return sum(map(data.count, parts)) <= _MOST_ENTRIES


def read_at_once(
    data: bytes, url: str, content_type: str, language_before: str = "", clock: tzinfo = UTC
) -> Document | None:
    """Return what the quick readers find in quick *data*; None if a worker must read it."""
    # The parsers are 6 MB, and most processes never read a document.
    from bot.sources.feeds.reader import read_fast  # noqa: PLC0415

    found = read_fast(data, url, content_type, language_before, clock)
    if not isinstance(found, Document) or not are_quick(item.url for item in found.items):
        return None
    return bounded(found)
