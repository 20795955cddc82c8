"""A process imports only what its roles need, because N processes cost its memory N times."""

import re

import pytest

from tests.story.conftest import TOKEN
from tests.story.processes import Workplace

pytestmark = pytest.mark.slow

_IMPORTED = re.compile(r"^import time: .*\| +([\w.]+)$", re.MULTILINE)
TELEGRAM = {"aiogram"}
PARSERS = {"lxml"}
TEMPLATES = {"jinja2", "babel"}
# These have processes of their own, or are for tests and translators.
OF_OTHERS = {"PIL", "trafilatura", "feedparser", "dateparser", "babel.messages"}
NEVER = OF_OTHERS | {"bot.cli.source_reports"}
METRICS = {"prometheus_client", "storage.backlog"}  # needs a port


async def imported_by(workplace: Workplace, roles: str, **settings: str) -> set[str]:
    """Return the modules that a process with *roles* has imported once it is ready."""
    settings |= {
        "bot_token": TOKEN,
        "bot_api_url": "http://127.0.0.1:9",
        "pythonprofileimporttime": "1",
        "roles": roles,
    }
    async with workplace.dateline("run", **settings) as bot:
        await bot.wait_for("ready")
        await bot.stop()
    return set(_IMPORTED.findall(bot.output))


@pytest.mark.parametrize(
    ("roles", "forbidden"),
    [
        ("poll", NEVER | TELEGRAM | METRICS | TEMPLATES | {"numpy"}),
        ("match", NEVER | TELEGRAM | METRICS | TEMPLATES | PARSERS),
        ("publish", NEVER | TELEGRAM | METRICS | PARSERS | {"numpy"}),
        ("poll,match,publish", NEVER | TELEGRAM | METRICS),
        ("send", NEVER | METRICS | TEMPLATES | PARSERS | {"numpy"}),
    ],
)
async def test_a_process_imports_what_its_roles_need(workplace, roles, forbidden):
    imported = await imported_by(workplace, roles)

    assert {"bot", "storage", "sqlalchemy"} <= imported
    assert imported & forbidden == set()


async def test_pages_and_the_mini_app_are_served_without_telegrams_library(workplace):
    imported = await imported_by(workplace, "web", public_url="https://news.example")

    assert "aiohttp" in imported
    assert imported & (NEVER | TELEGRAM | METRICS | {"numpy"}) == set()
