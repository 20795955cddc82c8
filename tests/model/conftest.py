"""A server of the playground's model room, and stories for the stage."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.model.client import ModelClient
from bot.playground.modelroom.server import NAME
from storage.db.engine import Storage
from tests.local_playground import LocalPlayground
from tests.publishing.newsroom import Newsroom


@pytest.fixture
def newsroom(storage: Storage) -> Newsroom:
    return Newsroom(storage)


@pytest_asyncio.fixture
async def playground() -> AsyncIterator[LocalPlayground]:
    async with LocalPlayground() as playground:
        yield playground


@pytest_asyncio.fixture
async def client(playground: LocalPlayground) -> AsyncIterator[ModelClient]:
    async with ModelClient(playground.model_url, NAME, "sk-secret-key") as client:
        yield client
