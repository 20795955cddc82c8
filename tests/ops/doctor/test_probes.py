"""Probes of this machine, and of a Bot API server: the playground."""

import errno
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.ops.doctor.probes import (
    ask_readiness,
    ask_telegram,
    probe_disk,
    probe_port,
    probe_zones,
)
from bot.ops.doctor.telegram import judge_token
from bot.ops.health import Health, Wait, make_web, serving
from tests.local_playground import LocalPlayground
from tests.story.processes import free_port


async def test_the_playground_knows_its_token_and_the_time():
    async with LocalPlayground(0) as playground:
        answer = await ask_telegram(playground.base_url, "1:playground", "getMe")

    assert answer.status == 200
    assert judge_token(answer)[0].code == "token.known"
    assert answer.ahead is not None


async def test_without_an_answer_there_is_a_reason_without_the_token():
    answer = await ask_telegram("http://127.0.0.1:1", "9:secret", "getMe")

    assert answer.status is None
    assert answer.reason
    assert "secret" not in answer.reason


@pytest.mark.parametrize(
    ("date", "hours"),
    [
        pytest.param(lambda now: format_datetime(now - timedelta(hours=3)), 3, id="behind us"),
        pytest.param(lambda _: "yesterday", None, id="none that can be read"),
    ],
)
async def test_the_clock_is_that_of_the_answer(date, hours):
    async def answered(_request):
        return web.Response(text="<html>", headers={"Date": date(datetime.now(UTC))})

    app = web.Application()
    app.router.add_get("/bot9:a/getMe", answered)
    async with TestServer(app) as server:
        answer = await ask_telegram(str(server.make_url("")).rstrip("/"), "9:a", "getMe")

    assert answer.result is None
    assert (answer.ahead and round(answer.ahead / timedelta(hours=1))) == hours


@pytest.mark.parametrize(
    ("body", "is_api"),
    [
        pytest.param(
            '{"ok": false, "error_code": 404, "description": "Not Found"}', True, id="api"
        ),
        pytest.param('{"error": "no such page"}', False, id="another API"),
        pytest.param("<html>404</html>", False, id="a site"),
    ],
)
async def test_a_404_of_the_bot_api_is_told_from_those_of_others(body, is_api):
    async def answered(_request):
        return web.Response(status=404, text=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/bot9:a/getMe", answered)
    async with TestServer(app) as server:
        answer = await ask_telegram(str(server.make_url("")).rstrip("/"), "9:a", "getMe")

    assert (answer.status, answer.is_api) == (404, is_api)
    (found,) = judge_token(answer)
    assert found.code == ("token.refused" if is_api else "token.no-answer")


async def test_a_free_port_is_left_free():
    port = free_port()

    for _ in range(2):
        assert (await probe_port("WEB_PORT", "127.0.0.1", port)).error is None


@pytest.mark.parametrize(
    ("site", "is_ours"),
    [
        pytest.param(make_web, True, id="a bot"),
        pytest.param(partial(make_web, health=Health(ended=["chat"])), True, id="a stuck bot"),
        pytest.param(web.Application, False, id="another program"),
    ],
)
async def test_a_taken_port_tells_who_has_it(site, is_ours):
    port = free_port()
    async with serving(site(), "127.0.0.1", port):
        seen = await probe_port("WEB_PORT", "127.0.0.1", port)

    assert seen.error
    assert seen.error.errno == errno.EADDRINUSE
    assert seen.is_ours is is_ours


async def test_the_playground_has_its_own_port():
    async with LocalPlayground() as playground:
        assert (await probe_port("PLAYGROUND_PORT", playground.host, playground.port)).is_ours


async def test_a_bot_is_asked_for_what_it_waits():
    port = free_port()
    async with serving(make_web(health=Health({Wait.INDEX})), "127.0.0.1", port):
        assert await ask_readiness("127.0.0.1", port) == ["index"]

    assert await ask_readiness("127.0.0.1", port) == []


def test_a_folder_that_does_not_exist_yet_is_probed_where_it_will_be(tmp_path):
    disk = probe_disk("the database", tmp_path / "var" / "deep")

    assert disk.folder == str(tmp_path)
    assert disk.free > 0
    assert disk.is_writable


def test_the_zones_of_this_machine_can_be_read():
    zones = probe_zones()

    assert zones.count > 400
    assert zones.version
    assert zones.unreadable == []
