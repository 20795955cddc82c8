import pytest
from aiohttp.test_utils import TestServer

from bot.ops.doctor.findings import Health
from bot.ops.doctor.reach import examine_reach, judged
from bot.ops.health import Health as Readiness
from bot.ops.health import Wait, make_web
from bot.settings import Settings
from storage.access import signing_key
from storage.db.engine import Storage


@pytest.mark.parametrize(
    ("base", "status", "health", "words"),
    [
        pytest.param("https://a.example", 200, Health.HEALTHY, "answers.", id="all is well"),
        pytest.param("http://a.example", 200, Health.WARNING, "encryption", id="not encrypted"),
        pytest.param("https://a.example", 503, Health.WARNING, "not ready", id="it starts"),
        pytest.param(
            "https://a.example/b", 404, Health.UNHEALTHY, "404", id="its path is not taken away"
        ),
        pytest.param("https://a.example", None, Health.UNHEALTHY, "refused", id="nobody is there"),
    ],
)
def test_what_an_answer_tells(base, status, health, words):
    found = judged(base, status, "connection refused")

    assert found.health is health
    assert words in found.sentence
    assert bool(found.remedy) is (health is not Health.HEALTHY)


async def test_without_a_public_address_it_says_what_is_missing():
    (found,) = await examine_reach(Settings.model_validate({}))

    assert found.health is Health.WARNING
    assert "Set PUBLIC_URL." in found.remedy


async def test_the_bot_is_asked_under_its_public_address(sqlite_url):
    storage = Storage.open(sqlite_url)
    async with storage.writing() as tx:
        await signing_key(tx)
    await storage.close()
    async with TestServer(make_web(health=Readiness(waits={Wait.TELEGRAM}))) as server:
        base = str(server.make_url("/"))
        settings = Settings.model_validate(
            {
                "public_url": base,
                "database_url": sqlite_url,
                "smtp_host": "mail.example.org",
                "smtp_from": "news@example.org",
            }
        )

        pages, returned = await examine_reach(settings)

    assert "not ready" in pages.sentence
    assert f"{base}b/0." in returned.sentence


async def test_an_address_where_nobody_answers_is_ill():
    (found,) = await examine_reach(Settings.model_validate({"public_url": "http://127.0.0.1:1"}))

    assert found.health is Health.UNHEALTHY
    assert "does not answer" in found.sentence
