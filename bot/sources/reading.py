"""Any bytes into what is in them: small feeds at once, all else by a worker.

Strangers send them, so outside of a worker only sizes and first bytes are looked at, unless even
the worst document of that size takes less than 50 ms: `benchmarks.fuzz` measures it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from bot.matching.slices import Slices, in_turns
from bot.sources.formats.records import Document, Item, item_from_json
from bot.sources.urls import are_quick, remember
from bot.sources.workers import Workers

if TYPE_CHECKING:
    from bot.sources.discovery.links import Link
    from bot.sources.discovery.opml import Outline

QUICK: Final = 64_000  # bytes
_MOST_PARTS: Final = 2_048  # tags, or objects of JSON: small ones cost more than their size tells
_GZIP: Final = b"\x1f\x8b"

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Reader:
    """Use inside `async with`, so that no worker is left behind."""

    workers: Workers = field(default_factory=Workers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.workers.close()

    async def read(self, data: bytes, *, url: str, content_type: str = "") -> Document:
        """What is in *data*, fetched from *url* ("" if nowhere); raises `Unreadable`."""
        if is_quick(data) and (document := read_at_once(data, url, content_type)):
            return document
        head, *items = await self.workers.read("document", data, url=url, content_type=content_type)
        found = await in_turns(_each(items, _item))
        return replace(Document.from_json(head), items=found)

    async def links(
        self, data: bytes, *, url: str, content_type: str = ""
    ) -> "tuple[Link, ...] | None":
        """What the page in *data* names and links as feeds; None if it is no page."""
        from bot.sources.discovery.links import Link, Where  # noqa: PLC0415 - see below

        found = await self.workers.read("links", data, url=url, content_type=content_type)
        if found is None:
            return None
        return await in_turns(
            _each(found, lambda link: Link(**link | {"where": Where(link["where"])}))
        )

    async def outlines(self, data: bytes) -> "tuple[Outline, ...]":
        """The feeds that the OPML in *data* lists; raises `Unreadable`."""
        from bot.sources.discovery.opml import Outline  # noqa: PLC0415 - see below

        found = await self.workers.read("opml", data)
        return await in_turns(
            _each(found, lambda each: Outline(**each | {"folder": tuple(each["folder"])}))
        )


def _each(
    found: Iterable[dict[str, Any]], make: Callable[[dict[str, Any]], Made]
) -> Slices[tuple[Made, ...]]:
    made = []
    for fields in found:
        made.append(make(fields))
        yield
    return tuple(made)


def _item(fields: dict[str, Any]) -> Item:
    remember({fields["url"]: fields.pop("form")})
    return item_from_json(fields)


def is_quick(data: bytes) -> bool:
    """Whether even the worst document that looks like *data* is read in a moment."""
    if len(data) > QUICK or data.startswith(_GZIP):
        return False
    return data.count(b"<") <= _MOST_PARTS and data.count(b"{") <= _MOST_PARTS // 4


def read_at_once(data: bytes, url: str, content_type: str) -> Document | None:
    """What the quick readers find in *data*, which is quick; None where a worker must look."""
    # The parsers are 6 MB, and most processes never read a document.
    from bot.sources.formats.bounds import bounded  # noqa: PLC0415
    from bot.sources.formats.documents import read_fast  # noqa: PLC0415

    found = read_fast(data, url, content_type)
    if not isinstance(found, Document) or not are_quick(item.url for item in found.items):
        return None
    return bounded(found)
