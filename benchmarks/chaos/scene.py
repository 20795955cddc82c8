"""A playground, a newspaper and an audience, with the settings of a bot for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.chaos.audience import Audience, add_audience
from benchmarks.chaos.verdict import Arrivals
from storage.db.engine import Storage
from storage.db.postgresql import COMMAND_SECONDS
from tests.story.newspaper import newspaper
from tests.story.playground import RemotePlayground, remote_playground
from tests.story.processes import Workplace

PER_SECOND = 27
LATENCY = 0.2  # seconds; several calls are in flight at any moment, as with Telegram


@dataclass(frozen=True)
class Scene:
    audience: Audience
    playground: RemotePlayground
    workplace: Workplace
    settings: dict[str, Any]

    async def arrivals(self) -> Arrivals:
        chats = self.audience.chats
        messages = {chat: await self.playground.get(f"chats/{chat}/messages") for chat in chats}
        return Arrivals.count(messages)


@asynccontextmanager
async def scene(
    url: str,
    folder: Path,
    *,
    alerts: int,
    digests: int = 0,
    latency: float = LATENCY,
    command_seconds: float | None = COMMAND_SECONDS,
) -> AsyncIterator[Scene]:
    """Yield the scene on the migrated, empty database at *url*."""
    storage, workplace = Storage.open(url, command_seconds=command_seconds), Workplace(folder)
    try:
        async with remote_playground(folder, latency=latency) as playground, newspaper() as paper:
            settings = playground.settings(
                database_url=url, admin_ids="1", send_per_second=PER_SECOND
            )
            await workplace.add_source(paper.url, **settings)
            audience = await add_audience(storage, playground, paper, alerts, digests)
            yield Scene(audience, playground, workplace, settings)
    finally:
        await storage.close()
