"""What a process imports is what its roles need: memory is what N of them cost N times."""

import re

import pytest

from tests.story.conftest import TOKEN
from tests.story.processes import Workplace

pytestmark = pytest.mark.slow

_IMPORTED = re.compile(r"^import time: .*\| +([\w.]+)$", re.MULTILINE)
TELEGRAM = {"aiogram"}
PARSERS = {"lxml"}  # of feeds
WORDS = {"jinja2", "babel"}  # for people
# They have processes of their own, or are for tests and for who translates.
OF_OTHERS = {"PIL", "trafilatura", "feedparser", "dateparser", "babel.messages"}
NEVER = OF_OTHERS | {"bot.cli.source_reports"}
METRICS = {"prometheus_client", "storage.backlog"}  # where a port is given


async def imported_by(workplace: Workplace, roles: str, **settings: str) -> set[str]:
    """Return what a process with *roles* has imported by the time that it is ready."""
    said = {
        "bot_token": TOKEN,
        "bot_api_url": "http://127.0.0.1:9",
        "pythonprofileimporttime": "1",
        "roles": roles,
        **settings,
    }
    async with workplace.dateline("run", **said) as bot:
        await bot.said("ready")
        await bot.stop()
    return set(_IMPORTED.findall(bot.output))


@pytest.mark.parametrize(
    ("roles", "needless"),
    [
        ("poll", NEVER | TELEGRAM | METRICS | WORDS | {"numpy"}),
        ("match", NEVER | TELEGRAM | METRICS | WORDS | PARSERS),
        ("publish", NEVER | TELEGRAM | METRICS | PARSERS | {"numpy"}),
        ("poll,match,publish", NEVER | TELEGRAM | METRICS),
        ("send", NEVER | METRICS | WORDS | PARSERS | {"numpy"}),
    ],
)
async def test_a_process_imports_what_its_roles_need(workplace, roles, needless):
    imported = await imported_by(workplace, roles)

    assert {"bot", "storage", "sqlalchemy"} <= imported
    assert imported & needless == set()


async def test_pages_and_the_mini_app_are_served_without_telegrams_library(workplace):
    imported = await imported_by(workplace, "web", public_url="https://news.example")

    assert "aiohttp" in imported
    assert imported & (NEVER | TELEGRAM | METRICS | {"numpy"}) == set()
