"""`dateline run` for an operator: errors in one sentence, readiness, signals, access."""

import asyncio
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

import aiohttp
import pytest

from tests.story.conftest import TOKEN, settings_for
from tests.story.processes import PATIENCE, Command, free_port

CONFIG, TEMPORARY = 78, 75
SECRET = TOKEN.partition(":")[2]
SENT_ONE = 'dateline_telegram_calls_total{method="sendMessage",outcome="ok"} 1.0'


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


async def get_json(port: int, path: str) -> tuple[int, Any]:
    async with aiohttp.request("GET", f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.json()


async def assert_refuses(command: Command, *words: str, code: int = CONFIG) -> None:
    """Assert that the command ends with exit code *code* and a sentence that has all *words*."""
    assert await command.exit_code() == code
    assert "Traceback" not in command.output
    assert SECRET not in command.output
    sentence = command.lines[-1]
    assert [word for word in words if word not in sentence] == []


@pytest.mark.slow
async def test_a_wrong_setting_is_named(workplace):
    async with workplace.dateline("run", web_port="eighty") as command:
        await assert_refuses(command, "WEB_PORT")
        assert len(command.lines) == 1


@pytest.mark.slow
async def test_a_token_is_read_from_a_file(workplace, telegram):
    (workplace.folder / "token").write_text(f"{TOKEN}\n")
    settings = settings_for(telegram, bot_token_file="token")
    del settings["bot_token"]

    async with workplace.dateline("run", **settings) as command:
        await command.wait_for("ready")


@pytest.mark.slow
async def test_a_token_unknown_to_telegram_is_named(workplace, telegram):
    wrong = TOKEN[:-1] + "x"

    async with workplace.dateline("run", **settings_for(telegram, bot_token=wrong)) as command:
        await assert_refuses(command, "BOT_TOKEN")
        assert wrong not in command.output


@pytest.mark.slow
async def test_a_second_run_on_the_same_file_names_the_first(workplace, telegram):
    async with workplace.dateline("run", **settings_for(telegram)) as first:
        await first.wait_for("ready")

        async with workplace.dateline("run", **settings_for(telegram)) as second:
            words = (f"Process {first.process.pid} ", "dateline.sqlite3")
            await assert_refuses(second, *words, code=TEMPORARY)

        await first.stop()


@pytest.mark.slow
async def test_a_second_playground_on_the_same_file_prints_no_address(workplace):
    async with workplace.dateline("run") as first:
        await first.wait_for("Open http")

        async with workplace.dateline("run") as second:
            words = (f"Process {first.process.pid} ", "playground.sqlite3")
            await assert_refuses(second, *words, code=TEMPORARY)
            assert len(second.lines) == 1

        await first.stop()


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["web_port", "metrics_port"])
async def test_a_playground_with_a_taken_port_prints_no_address(workplace, taken_port, setting):
    async with workplace.dateline("run", **{setting: taken_port}) as command:
        await assert_refuses(command, setting.upper(), str(taken_port), code=TEMPORARY)
        assert len(command.lines) == 1


@pytest.mark.slow
async def test_other_commands_work_beside_a_running_bot(workplace, telegram):
    async with workplace.dateline("run", **settings_for(telegram)) as first:
        await first.wait_for("ready")

        async with workplace.dateline("sources", "list") as command:
            assert await command.exit_code() == 0

        assert "No sources yet" in command.output


@pytest.mark.slow
async def test_a_taken_web_port_is_named(workplace, telegram, taken_port):
    async with workplace.dateline("run", **settings_for(telegram, web_port=taken_port)) as command:
        await assert_refuses(command, "WEB_PORT", str(taken_port), code=TEMPORARY)


@pytest.mark.slow
async def test_a_taken_playground_port_is_named(workplace, taken_port):
    async with workplace.dateline("run", playground_port=taken_port) as command:
        await assert_refuses(command, "PLAYGROUND_PORT", str(taken_port), code=TEMPORARY)
        assert len(command.lines) == 1


@pytest.mark.slow
async def test_a_file_that_is_no_database_is_named(workplace, telegram):
    (workplace.folder / "news.sqlite3").write_bytes(b"Dear diary, " * 1000)
    settings = settings_for(telegram, database_url="sqlite:///news.sqlite3")

    async with workplace.dateline("run", **settings) as command:
        await assert_refuses(command, "DATABASE_URL", "not a database")

    assert (workplace.folder / "news.sqlite3").read_bytes().startswith(b"Dear diary")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        pytest.param("sqlite:////sys/news.sqlite3", CONFIG, id="a folder that takes no files"),
        pytest.param("sqlite:///folder", CONFIG, id="a folder"),
        pytest.param("postgresql://nobody@127.0.0.1:1/news", TEMPORARY, id="no server there"),
    ],
)
@pytest.mark.slow
async def test_a_database_that_cannot_be_opened_is_named(workplace, telegram, url, code):
    (workplace.folder / "folder").mkdir()

    async with workplace.dateline("run", **settings_for(telegram, database_url=url)) as command:
        await assert_refuses(command, "DATABASE_URL", code=code)


@pytest.mark.slow
async def test_pages_are_served_while_telegram_does_not_respond(workplace):
    port = free_port()
    settings = {
        "bot_token": TOKEN,
        "bot_api_url": f"http://127.0.0.1:{free_port()}",
        "web_port": port,
        "public_url": "https://news.example.org",
    }

    async with workplace.dateline("run", **settings) as command:
        await command.wait_for("Telegram does not answer yet")
        assert await get_json(port, "/healthz") == (200, {"status": "ok"})
        status, body = await get_json(port, "/readyz")
        assert (status, body["status"]) == (503, "waiting")
        assert "telegram" in body["for"]
        async with aiohttp.request("GET", f"http://127.0.0.1:{port}/m/x") as response:
            assert "There is nothing here" in await response.text()

        await command.stop()
    assert SECRET not in command.output


async def test_a_bot_becomes_ready_and_stops_on_a_signal(workplace, telegram):
    port = free_port()
    async with workplace.dateline("run", **settings_for(telegram, web_port=port)) as command:
        await command.wait_for("ready")
        assert await get_json(port, "/healthz") == (200, {"status": "ok"})
        async with asyncio.timeout(PATIENCE):
            while (await get_json(port, "/readyz"))[0] != 200:
                pass  # the index is still being read

        await command.stop()
    assert SECRET not in command.output


@pytest.mark.slow
async def test_metrics_are_served_on_a_port_of_their_own(workplace, telegram):
    port, metrics = free_port(), free_port()
    settings = settings_for(telegram, web_port=port, metrics_port=metrics)
    async with workplace.dateline("run", **settings) as command:
        await command.wait_for("ready")
        ann = telegram.user("Ann")
        telegram.send(ann, "/start")
        await telegram.wait_for_message(ann)

        async with asyncio.timeout(PATIENCE):
            text = ""
            while SENT_ONE not in text:  # a call is counted after its response
                async with aiohttp.request(
                    "GET", f"http://127.0.0.1:{metrics}/metrics"
                ) as response:
                    text = await response.text()
        async with aiohttp.request("GET", f"http://127.0.0.1:{port}/metrics") as response:
            assert response.status == 404

        await command.stop()
    assert 'dateline_lag_seconds{stage="send"} 0.0' in text
    assert SECRET not in text


@pytest.mark.slow
async def test_users_are_answered_before_the_commands_are_set(workplace, telegram):
    telegram.inject("time_out", method="setMyCommands")
    async with workplace.dateline("run", **settings_for(telegram)) as command:
        await command.wait_for("ready")
        ann = telegram.user("Ann")
        telegram.send(ann, "/start")
        await telegram.wait_for_message(ann)

        await command.stop()

    assert "Traceback" not in command.output


@pytest.mark.slow
async def test_messages_interrupted_by_a_stop_are_answered_once_after_the_next_start(
    workplace, telegram
):
    ann = telegram.user("Ann")
    words = ("Taiwan", "Japan", "Oslo")
    async with workplace.dateline("run", **settings_for(telegram)) as command:
        await command.wait_for("ready")
        for word in words:
            telegram.send(ann, word)
        await telegram.wait_for_message(ann)

        await command.stop()

    async with workplace.dateline("run", **settings_for(telegram)) as command:
        await command.wait_for("ready")
        for word in words:
            await telegram.wait_for_message(ann, partial(is_card_of, word))
        await command.stop()

    answers = [message for message in telegram.messages(ann) if message["from"]["is_bot"]]
    assert [sum(is_card_of(word, answer) for answer in answers) for word in words] == [1, 1, 1]


def is_card_of(word: str, message: dict[str, Any]) -> bool:
    return str(message["text"]).startswith(word)


async def test_a_keyboard_interrupt_stops_the_bot(workplace):
    async with workplace.dateline("run") as command:
        await command.wait_for("ready")

        command.process.send_signal(2)

        assert await command.exit_code() == 0
    assert [word for word in ("stopping", "SIGINT", "stopped") if word not in command.output] == []
    assert "no more" not in command.output
    assert "Traceback" not in command.output


@pytest.mark.slow
async def test_the_first_user_of_the_admin_link_is_the_admin(workplace, telegram):
    async with workplace.dateline("run", **settings_for(telegram, access="allowlist")) as command:
        link = await command.wait_for("?start=admin_")
        await command.wait_for("ready")
        token = re.search(r"\?start=(admin_[\w-]+)", link)
        assert token
        ann, mallory = telegram.user("Ann"), telegram.user("Mallory")

        telegram.send(ann, f"/start {token[1]}")
        welcome = await telegram.wait_for_message(ann)
        telegram.send(mallory, f"/start {token[1]}")
        rejection = await telegram.wait_for_message(mallory)
        telegram.send(ann, "/sources")
        sources = await telegram.wait_for_message(ann, after=welcome["version"])

        await command.stop()

    assert sources["text"].startswith("I read no news yet.")
    assert rejection["text"] != welcome["text"]
    assert command.output.count("admin_") == 1


@pytest.mark.slow
async def test_a_bot_with_an_admin_prints_no_link(workplace, telegram):
    async with workplace.dateline("run", **settings_for(telegram, admin_ids="42")) as command:
        await command.wait_for("ready")
        await command.stop()

    assert "admin_" not in command.output


@pytest.mark.slow
async def test_an_unauthorized_user_is_turned_away_and_an_allowed_one_welcomed(workplace, telegram):
    user, unauthorized = telegram.user("Ann", id=77), telegram.user("Bob")
    settings = settings_for(telegram, access="allowlist", allowed_ids="77", admin_ids="42")

    async with workplace.dateline("run", **settings) as command:
        await command.wait_for("ready")
        telegram.send(user, "/start")
        telegram.send(unauthorized, "Taiwan")
        welcome = await telegram.wait_for_message(user)
        rejection = await telegram.wait_for_message(unauthorized)

        await command.stop()

    assert welcome["text"].startswith("Hello, Ann.")
    assert "private" in rejection["text"]
    (asking,) = rejection["reply_markup"]["inline_keyboard"]
    assert [button["text"] for button in asking] == ["Ask for access"]
