from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.rendering.renderer import Renderer
from tests.publishing.newsroom import Newsroom
from tests.publishing.stages import Stages

if TYPE_CHECKING:
    from storage.db.engine import Storage


@pytest.fixture
def renderer() -> Renderer:
    return Renderer()


@pytest.fixture
def publishing(storage: Storage, renderer: Renderer) -> Stages:
    return Stages(storage, renderer, "us")


@pytest.fixture
def newsroom(storage: Storage) -> Newsroom:
    return Newsroom(storage)
