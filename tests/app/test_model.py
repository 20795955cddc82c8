"""Which language model a process asks, if any."""

from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any, cast

from bot import stages
from bot.app.deployment import Deployment, make_model_client
from bot.app.resources import ProcessContext
from bot.app.roles import model_stages
from bot.playground.modelroom.server import NAME
from bot.rendering.links import Links
from bot.settings import AccessMode, Settings, load_settings
from storage.db.engine import Storage
from tests.subscribers.conftest import SIGNER

PLAYGROUND_MODEL = "http://127.0.0.1:1/model/v1"


def settings_with_model() -> Settings:
    return load_settings(
        model_url="https://api.example.com/v1/", model_name="small", model_key="sk-key"
    )


def deployment(model_url: str | None = None) -> Deployment:
    return Deployment("token", "", AccessMode.OPEN, model_url=model_url)


def process_with(settings: Settings, storage: Storage) -> ProcessContext:
    return ProcessContext(
        settings=settings,
        deployment=deployment(),
        sources=cast("Any", SimpleNamespace(storage=storage)),
        links=Links(None, SIGNER),
        announce=lambda _said: None,
    )


def test_the_settings_win_over_the_playground():
    named = make_model_client(settings_with_model(), deployment(PLAYGROUND_MODEL))
    shown = make_model_client(load_settings(), deployment(PLAYGROUND_MODEL))

    assert (named.url, named.name, named.key) == ("https://api.example.com/v1", "small", "sk-key")
    assert (shown.url, shown.name, shown.key) == (PLAYGROUND_MODEL, NAME, "")


async def test_without_a_model_there_is_no_stage(storage):
    async with AsyncExitStack() as stack:
        assert await model_stages(process_with(load_settings(), storage), stack) == []


async def test_with_a_model_there_is_one_stage(storage):
    async with AsyncExitStack() as stack:
        (runner,) = await model_stages(process_with(settings_with_model(), storage), stack)

        assert runner.stage is stages.MODEL
        assert await runner.run_once() == 0
