"""Reads mutated documents, and counts the outcomes."""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from benchmarks.fuzz.mutations import SECRET_FILE, mutate
from benchmarks.fuzz.seeds import SeedKind, Seeds
from benchmarks.processes import children
from bot.app.mail import letter_reader
from bot.mail.newsletters import header_of
from bot.sources.channels.posts import PostPart, item_of
from bot.sources.drafts import draft_of, identify
from bot.sources.feeds.known_entries import mark
from bot.sources.feeds.model import (
    AS_USUAL,
    Document,
    DocumentKind,
    Item,
    ReadingRules,
    Unreadable,
)
from bot.sources.letters.addresses import AddressPattern
from bot.sources.pages.selectors import InvalidSelectorError, check_selector
from bot.sources.parser_pool import DocumentReader, Workers, is_quick, read_at_once

SEED = 20_260_302
SECRET = SECRET_FILE.read_text(encoding="utf-8").strip()
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOURCE = "https://ex.org/feed"
CHANNEL = "https://t.me/s/fog_bank"  # of documents that look like the page of a channel
HEADERS = ("", "text/xml", "text/html; charset=iso-8859-1", "application/json", "text/plain")
SELECTORS = (
    "article p", "#story > p:not(.box)", "//div[@id='story']", "(//p)[position() > 1]",
    "//*[count(*) > 1]", "//p[contains(., 'a')]/ancestor::div", "div:has(p), main", "//body//*",
)  # fmt: skip
_BLOCKING = 0.02  # seconds in the event loop from which a document is reported


@dataclass
class Tally:
    """Outcomes of the documents. `wrong` must be empty: (number, what is wrong)."""

    kind: SeedKind = SeedKind.DOCUMENTS
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[int, str]] = field(default_factory=list)
    blocking: list[tuple[float, int]] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)
    items: int = 0
    network_requests: int = 0
    workers_left: int = 0

    @property
    def done(self) -> int:
        return self.outcomes.total()


async def try_all(
    numbers: Iterator[int],
    seeds: Seeds,
    *,
    kind: SeedKind = SeedKind.DOCUMENTS,
    at_once: int = 2,
) -> Tally:
    """Read the documents of *numbers*, *at_once* at a time."""
    tally = Tally(kind)
    async with _canary(tally) as canary:
        reader = DocumentReader(Workers(most=at_once))
        async with reader, asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(_try_each(numbers, seeds, canary, reader, tally))
    tally.workers_left = len(children(os.getpid()))
    return tally


def make_document(number: int, seeds: Seeds, canary: str) -> tuple[bytes, str]:
    """Return the document of *number* and its Content-Type, which may be wrong."""
    rng = random.Random(SEED + number)
    return mutate(seeds.pick(rng), rng, canary), rng.choice(HEADERS)


@asynccontextmanager
async def _canary(tally: Tally) -> AsyncIterator[str]:
    """Serve a URL to which no reader may ever send a request."""

    def count(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tally.network_requests += 1
        writer.close()

    async with await asyncio.start_server(count, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _try_each(
    numbers: Iterator[int], seeds: Seeds, canary: str, reader: DocumentReader, tally: Tally
) -> None:
    for number in numbers:
        data, content_type = make_document(number, seeds, canary)
        with _timed(number, tally):
            await _try(number, data, content_type, reader, tally)


async def _try(
    number: int, data: bytes, content_type: str, reader: DocumentReader, tally: Tally
) -> None:
    try:
        match tally.kind:
            case SeedKind.LETTERS:
                document = await _read_letter(data, reader)
            case SeedKind.POSTS:
                document = _read_post(number, data, tally)
            case _:
                document = await _read(number, data, content_type, reader, tally)
        tally.items += len(document.items)
        tally.outcomes[document.kind] += 1
        tally.wrong += [(number, fault) for fault in _faults(document)]
    except Unreadable as refusal:
        reason = refusal.reason if refusal.reason != "broken" else f"broken ({refusal})"
        tally.outcomes[f"refused: {reason}"] += 1
        if not str(refusal).strip():
            tally.wrong.append((number, "a refusal without a reason"))
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        tally.outcomes["crashed"] += 1
        tally.wrong.append((number, f"{type(error).__name__}: {error}"[:200]))


async def _read(
    number: int, data: bytes, content_type: str, reader: DocumentReader, tally: Tally
) -> Document:
    begun = time.thread_time()
    try:
        url = CHANNEL if b"tgme_" in data or tally.kind is SeedKind.PREVIEWS else SOURCE
        marked = mark(data, url, content_type, b"").data
        found = read_at_once(marked, url, content_type) if is_quick(marked) else None
    finally:
        if (took := time.thread_time() - begun) > _BLOCKING:
            tally.blocking.append((round(took, 2), number))
    if found:
        return found
    rules = make_rules(number)
    return await reader.read(data, url=url, public=True, content_type=content_type, rules=rules)


async def _read_letter(data: bytes, reader: DocumentReader) -> Document:
    """Return the letter as a document; its sender, subject and links count as titles do."""
    addresses = AddressPattern("news@ex.org").tokens(header_of(data))
    letter = await letter_reader(reader.workers, "mx.ex.org")(data)
    way = letter.unsubscribing
    said = (letter.name, letter.address, letter.list_id, letter.authentication.proof, *addresses)
    links = [letter.confirms, letter.may_confirm, letter.web_version, way.url]
    others = [Item(guid=str(n), url=link, title="A link") for n, link in enumerate(links) if link]
    named = Item(guid="sender", title=" ".join((*said, way.mail)))
    return Document(DocumentKind.FEED, items=(letter.item(letter.web_version), named, *others))


def _read_post(number: int, data: bytes, tally: Tally) -> Document:
    """Read the post in the event loop, as the chat does."""
    text = data.decode("utf-8", "replace").replace("\0", "")  # as Telegram's JSON never has it
    post = PostPart(-1_000_000_000_007, number + 1, int(NOW.timestamp()), text=text, names=(text,))
    begun = time.thread_time()
    item = item_of([post, replace(post, message_id=number + 2)])
    if (took := time.thread_time() - begun) > _BLOCKING:
        tally.blocking.append((round(took, 2), number))
    return Document(DocumentKind.FEED, items=(item,) if item else ())


def make_rules(number: int) -> ReadingRules:
    """Return rules with a mutated selector, for every other document; as usual if it is refused."""
    rng = random.Random(SEED - number)
    selector = rng.choice(SELECTORS)
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(selector) + 1)
        selector = selector[:at] + rng.choice("/[]()@*.:,> '|$-=a1") + selector[at:]
    if number % 2:
        return AS_USUAL
    try:
        return ReadingRules("", "Asia/Taipei", check_selector(selector), (rng.choice(SELECTORS),))
    except InvalidSelectorError:
        return AS_USUAL


def _faults(document: Document) -> list[str]:
    """Return what may not be stored; raise what storing the document would raise."""
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
