"""Probes of this machine, and of a Bot API server: the playground."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.ops.doctor.judgements import judge_token
from bot.ops.doctor.probes import ask_telegram, probe_disk, probe_zones, who_runs
from storage.db.filelock import file_lock
from tests.local_playground import LocalPlayground


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


def test_the_holder_of_a_run_lock_is_found_without_touching_it(tmp_path):
    lock = tmp_path / "dateline.sqlite3.run.lock"
    assert who_runs(lock) == []

    with file_lock(lock, wait=False):
        (holder,) = who_runs(lock)
        assert holder.isdigit()

    assert who_runs(lock) == []
