"""Pictures of every layout in the playground's chat page.

    python -m tests.snapshots.pictures FOLDER [LANGUAGE]

Messages are sent through the real channel, so that a layout that Telegram would reject fails here.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from aiogram import Bot
from playwright.async_api import ViewportSize, expect

from bot.delivery.telegram import Telegram
from bot.publishing.pages import edition_page
from bot.publishing.pictures import with_picture
from bot.publishing.samples import sample_edition
from bot.publishing.selection import SelectedTopic
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from bot.telegram import BOT_DEFAULTS
from storage.enums import Layout
from tests.bot_api import PlainSession
from tests.browsing import launched
from tests.local_playground import LocalPlayground
from tests.snapshots.looks import messages_by_look, messages_in_language

PHONE = ViewportSize(width=420, height=2600)


async def take(folder: Path, code: str = "") -> None:
    english = dict(messages_by_look()) | {"weekly": await _weekly(), "long": _long()}
    looks = messages_in_language(code) if code else english
    async with launched("--disable-lcd-text") as browser:
        for name, messages in looks.items():
            async with chat_with(messages) as (address, chat_id):
                for scheme in ("light", "dark"):
                    page = await browser.new_page(
                        viewport=PHONE,
                        color_scheme=scheme,
                        locale="en-GB",
                        timezone_id="Asia/Tokyo",
                    )
                    await page.add_init_script(f"localStorage['playground-chat'] = {chat_id}")
                    await page.goto(address)
                    await expect(page.locator(".message.bot")).to_have_count(len(messages))
                    await page.locator("#log").screenshot(path=folder / f"{name}.{scheme}.png")
                    await page.close()


@asynccontextmanager
async def chat_with(messages: Sequence[Message]) -> AsyncIterator[tuple[str, int]]:
    """Yield the address of a playground, and the id of its chat with *messages*."""
    async with LocalPlayground(flood="off") as playground:
        ann = playground.user("Ann")
        session = PlainSession(playground.base_url)
        async with Bot("1:playground", session=session, default=BOT_DEFAULTS) as bot:
            for message in messages:
                await Telegram(bot).send(ann.id, message)
        yield f"{playground.base_url}/", ann.id


async def _weekly() -> Sequence[Message]:
    renderer = Renderer()
    edition = replace(sample_edition(weekly=True), layout=Layout.RICH)
    return edition_page(renderer, await with_picture(renderer, edition))


def _long() -> Sequence[Message]:
    """Return a digest of many topics, in several parts."""
    edition = sample_edition()
    first = edition.choice.sections[0]
    sections = [
        replace(
            first,
            topic=SelectedTopic(number, f"SelectedTopic number {number}", is_public=False),
            rest=first.listed * number,
        )
        for number in range(8)
    ]
    return edition_page(
        Renderer(), replace(edition, choice=replace(edition.choice, sections=tuple(sections)))
    )


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(target, *sys.argv[2:3]))
