"""A site with made-up news that no database holds: for browsers, and for eyes.

`python -m tests.web.showing DIR` writes pictures of its pages there.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from aiohttp.test_utils import TestServer

from bot.publishing.samples import NOW, sample_edition
from bot.rendering.links import Links, Signer
from bot.rendering.renderer import Renderers
from bot.subscribers.managing import Managed
from bot.web.health import make_web
from bot.web.samples import sample_managed
from bot.web.site import Site, WebServices
from storage.enums import Mode
from tests.browsing import launched

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.publishing.pages import Edition

SIGNER = Signer(bytes(32))
DAY = date(2026, 11, 18)
PHONE = {"width": 390, "height": 800}
DESK = {"width": 1280, "height": 900}


@dataclass(frozen=True)
class SampleReading:
    language: str = ""

    async def edition(self, _chat: int, day: date, slot: int) -> Edition | None:
        return replace(sample_edition(), day=day, slot=slot, language=self.language)


@dataclass
class SampleManaging:
    """Notes what it is told, and shows it."""

    mode: Mode = Mode.DIGEST
    is_paused: bool = False

    async def show(self, _chat: int) -> Managed:
        everything, _ = sample_managed()
        first, *others = everything.topics
        settings = replace(everything.settings, is_paused=self.is_paused)
        return Managed([replace(first, mode=self.mode), *others], settings)

    async def watch(self, _chat: int, _topic: int, mode: Mode) -> None:
        self.mode = mode

    async def pause(self, _chat: int, *, is_paused: bool) -> None:
        self.is_paused = is_paused


class SampleMailboxes:
    async def language(self, _mailbox: int) -> str | None:
        return None

    async def unsubscribe(self, _mailbox: int) -> None:
        return

    async def confirm_by_link(self, _mailbox: int, _token: str) -> bool:
        return True


@asynccontextmanager
async def showing(language: str = "") -> AsyncIterator[Links]:
    """Serve the site for the block; yield the links to its pages. *language*: the readers'."""
    doors = WebServices(
        made_digest=SampleReading(language).edition,
        published_feed=cast("Any", None),
        managing=cast("Any", SampleManaging()),
        mailboxes=SampleMailboxes(),
    )
    site = Site(Renderers().of(language), SIGNER, "http://127.0.0.1", doors, clock=lambda: NOW)
    async with TestServer(make_web(*site.parts()), host="127.0.0.1") as server:
        yield Links(str(server.make_url("")).rstrip("/"), SIGNER)


def pages(links: Links) -> dict[str, str]:
    """Return the addresses of the pages by the names of their pictures."""
    found = {
        "edition": links.edition(7, DAY, 0, NOW),
        "manage": f"{links.manage(7, NOW)}?said=saved",
        "unsubscribe": links.unsubscribe(3),
        "confirm": links.confirm(3, "word"),
        "stopped": f"{links.manage(7, NOW)}?said=stopped&topic=1&mode=both",
        "not-found": f"{links.base}/nothing",
    }
    return {name: str(link) for name, link in found.items()}


async def take(folder: Path) -> None:
    async with showing() as links, launched() as browser:
        for scheme in ("light", "dark"):
            for place, size in (("phone", PHONE), ("desk", DESK)):
                page = await browser.new_page(
                    viewport=cast("Any", size), color_scheme=cast("Any", scheme), locale="en-GB"
                )
                for name, address in pages(links).items():
                    await page.goto(address)
                    picture = folder / f"{name}-{place}-{scheme}.png"
                    await page.screenshot(path=picture, full_page=True)
                await page.close()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
