"""The whole program, as operators start it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from storage.db.engine import Storage
from tests.local_playground import LocalPlayground
from tests.story.fleet import CHATS, Fleet, subscribe
from tests.story.newspaper import newspaper
from tests.story.playground import remote_playground
from tests.story.processes import Workplace

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
async def telegram() -> AsyncIterator[LocalPlayground]:
    """Yield a Telegram that accepts one token only."""
    async with LocalPlayground(token=TOKEN) as playground:
        yield playground


def settings_for(telegram: LocalPlayground, **others: object) -> dict[str, object]:
    return {"bot_token": TOKEN, "bot_api_url": telegram.base_url, "access": "open", **others}


@pytest.fixture
async def fleet(database_url: str, workplace: Workplace) -> AsyncIterator[Fleet]:
    async with fleet_for(CHATS, database_url, workplace) as opened:
        await workplace.add_source(opened.paper.url, **opened.settings)
        yield opened


@pytest.fixture
async def small_fleet(database_url: str, workplace: Workplace) -> AsyncIterator[Fleet]:
    """Yield a fleet with three readers and no source, for tests that ask for no alerts."""
    async with fleet_for(3, database_url, workplace) as opened:
        yield opened


@asynccontextmanager
async def fleet_for(readers: int, database_url: str, workplace: Workplace) -> AsyncIterator[Fleet]:
    storage = Storage.open(database_url)
    async with remote_playground(workplace.folder) as playground, newspaper() as paper:
        settings = playground.settings(database_url=database_url, admin_ids="1")
        subscribed = [await subscribe(storage, playground) for _ in range(readers)]
        yield Fleet(workplace, playground, paper, storage, settings, tuple(subscribed))
    await storage.close()
