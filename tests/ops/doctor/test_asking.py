"""Asking this machine and a Bot API server, which the playground is."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.ops.doctor.asking import ask_telegram, look_at_room, look_at_zones, who_runs
from bot.ops.doctor.telegram import judge_token
from storage.db.filelock import file_lock
from tests.local_playground import LocalPlayground


async def test_the_playground_knows_its_token_and_the_time():
    async with LocalPlayground(0) as playground:
        answer = await ask_telegram(playground.base_url, "1:playground", "getMe")

    assert answer.status == 200
    assert judge_token(answer)[0].code == "token.known"
    assert answer.ahead is not None


async def test_where_nobody_answers_there_is_a_reason_without_the_token():
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


def test_a_folder_that_is_not_there_yet_is_looked_at_where_it_will_be(tmp_path):
    room = look_at_room("the database", tmp_path / "var" / "deep")

    assert room.folder == str(tmp_path)
    assert room.free > 0
    assert room.is_writable


def test_the_zones_of_this_machine_can_be_read():
    zones = look_at_zones()

    assert zones.count > 400
    assert zones.version
    assert zones.unreadable == []


def test_who_holds_the_lock_of_a_run_is_told_without_touching_it(tmp_path):
    lock = tmp_path / "dateline.sqlite3.run.lock"
    assert who_runs(lock) == []

    with file_lock(lock, wait=False):
        (holder,) = who_runs(lock)
        assert holder.isdigit()

    assert who_runs(lock) == []
