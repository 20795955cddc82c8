"""Which language model a process asks, if any."""

from contextlib import AsyncExitStack
from types import SimpleNamespace

from bot import stages
from bot.app.model import make_model_client
from bot.app.roles import model_stages
from bot.ops.instrumentation import Instrumentation
from bot.playground.modelroom.server import NAME
from bot.settings import Settings

SET = {"model_url": "https://api.example.com/v1/", "model_name": "small", "model_key": "sk-key"}


def test_the_settings_win_over_the_playground():
    playground = SimpleNamespace(model_url="http://127.0.0.1:1/model/v1")

    named = make_model_client(Settings(**SET), playground)
    shown = make_model_client(Settings(), playground)

    assert (named.url, named.name, named.key) == ("https://api.example.com/v1", "small", "sk-key")
    assert (shown.url, shown.name, shown.key) == (playground.model_url, NAME, "")


async def test_without_a_model_there_is_no_stage(storage):
    process = SimpleNamespace(has_model=False)

    async with AsyncExitStack() as stack:
        assert await model_stages(process, stack) == []


async def test_with_a_model_there_is_one_stage(storage):
    process = SimpleNamespace(
        has_model=True,
        settings=Settings(**SET),
        deployment=SimpleNamespace(model_url=None),
        storage=storage,
        owner="one",
        instrumentation=Instrumentation(),
    )

    async with AsyncExitStack() as stack:
        (runner,) = await model_stages(process, stack)

        assert runner.stage is stages.MODEL
        assert await runner.run_once() == 0
