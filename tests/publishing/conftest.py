import pytest

from bot.rendering.renderer import Renderer
from storage.db.engine import Storage
from tests.publishing.newsroom import Newsroom
from tests.publishing.stages import Stages


@pytest.fixture
def renderer() -> Renderer:
    return Renderer()


@pytest.fixture
def publishing(storage: Storage, renderer: Renderer) -> Stages:
    return Stages(storage, renderer, "us")


@pytest.fixture
def newsroom(storage: Storage) -> Newsroom:
    return Newsroom(storage)
