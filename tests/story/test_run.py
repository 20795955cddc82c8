"""`dateline run` as an operator meets it: what cannot be is one sentence, what is asked happens."""

import asyncio
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

import aiohttp
import pytest

from tests.local_playground import LocalPlayground
from tests.story.conftest import TOKEN
from tests.story.processes import PATIENCE, Command, free_port

CONFIG, TEMPORARY = 78, 75
SECRET = TOKEN.partition(":")[2]
SENT_ONE = 'dateline_telegram_calls_total{method="sendMessage",outcome="ok"} 1.0'


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def on(telegram: LocalPlayground, **settings: object) -> dict[str, object]:
    return {"bot_token": TOKEN, "bot_api_url": telegram.base_url, "access": "open", **settings}


async def asked(port: int, path: str) -> tuple[int, Any]:
    async with aiohttp.request("GET", f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.json()


async def assert_refuses(command: Command, *words: str, code: int = CONFIG) -> None:
    """It says one sentence with all these *words* in it, and ends with exit code *code*."""
    assert await command.ended() == code
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
async def test_a_token_may_stand_in_a_file(workplace, telegram):
    (workplace.folder / "token").write_text(f"{TOKEN}\n")
    settings = on(telegram, bot_token_file="token")
    del settings["bot_token"]

    async with workplace.dateline("run", **settings) as command:
        await command.said("ready")


@pytest.mark.slow
async def test_a_token_that_telegram_does_not_know_is_said_so(workplace, telegram):
    wrong = TOKEN[:-1] + "x"

    async with workplace.dateline("run", **on(telegram, bot_token=wrong)) as command:
        await assert_refuses(command, "BOT_TOKEN")
        assert wrong not in command.output


@pytest.mark.slow
async def test_a_second_run_on_the_same_file_says_who_holds_it(workplace, telegram):
    async with workplace.dateline("run", **on(telegram)) as first:
        await first.said("ready")

        async with workplace.dateline("run", **on(telegram)) as second:
            words = (f"Process {first.process.pid} ", "dateline.sqlite3")
            await assert_refuses(second, *words, code=TEMPORARY)

        await first.stop()


@pytest.mark.slow
async def test_a_second_playground_on_the_same_file_announces_nothing(workplace):
    async with workplace.dateline("run") as first:
        await first.said("Open http")

        async with workplace.dateline("run") as second:
            words = (f"Process {first.process.pid} ", "playground.sqlite3")
            await assert_refuses(second, *words, code=TEMPORARY)
            assert len(second.lines) == 1

        await first.stop()


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["web_port", "metrics_port"])
async def test_a_playground_whose_other_port_is_taken_announces_nothing(
    workplace, taken_port, setting
):
    async with workplace.dateline("run", **{setting: taken_port}) as command:
        await assert_refuses(command, setting.upper(), str(taken_port), code=TEMPORARY)
        assert len(command.lines) == 1


@pytest.mark.slow
async def test_other_commands_work_beside_a_run(workplace, telegram):
    async with workplace.dateline("run", **on(telegram)) as first:
        await first.said("ready")

        async with workplace.dateline("sources", "list") as command:
            assert await command.ended() == 0

        assert "No sources yet" in command.output


@pytest.mark.slow
async def test_a_taken_web_port_is_said_so(workplace, telegram, taken_port):
    async with workplace.dateline("run", **on(telegram, web_port=taken_port)) as command:
        await assert_refuses(command, "WEB_PORT", str(taken_port), code=TEMPORARY)


@pytest.mark.slow
async def test_a_taken_playground_port_is_said_so(workplace, taken_port):
    async with workplace.dateline("run", playground_port=taken_port) as command:
        await assert_refuses(command, "PLAYGROUND_PORT", str(taken_port), code=TEMPORARY)
        assert len(command.lines) == 1


@pytest.mark.slow
async def test_a_file_that_is_no_database_is_said_so(workplace, telegram):
    (workplace.folder / "news.sqlite3").write_bytes(b"Dear diary, " * 1000)
    settings = on(telegram, database_url="sqlite:///news.sqlite3")

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
async def test_a_database_that_cannot_be_opened_is_said_so(workplace, telegram, url, code):
    (workplace.folder / "folder").mkdir()

    async with workplace.dateline("run", **on(telegram, database_url=url)) as command:
        await assert_refuses(command, "DATABASE_URL", code=code)


@pytest.mark.slow
async def test_a_telegram_that_does_not_answer_is_waited_for_while_pages_answer(workplace):
    port = free_port()
    settings = {
        "bot_token": TOKEN,
        "bot_api_url": f"http://127.0.0.1:{free_port()}",
        "web_port": port,
        "public_url": "https://news.example.org",
    }

    async with workplace.dateline("run", **settings) as command:
        await command.said("Telegram does not answer yet")
        assert await asked(port, "/healthz") == (200, {"status": "ok"})
        status, said = await asked(port, "/readyz")
        assert (status, said["status"]) == (503, "waiting")
        assert "telegram" in said["for"]
        async with aiohttp.request("GET", f"http://127.0.0.1:{port}/m/x") as answer:
            assert "There is nothing here" in await answer.text()

        await command.stop()
    assert SECRET not in command.output


async def test_it_is_healthy_once_it_works_and_stops_when_asked(workplace, telegram):
    port = free_port()
    async with workplace.dateline("run", **on(telegram, web_port=port)) as command:
        await command.said("ready")
        assert await asked(port, "/healthz") == (200, {"status": "ok"})
        async with asyncio.timeout(PATIENCE):
            while (await asked(port, "/readyz"))[0] != 200:
                pass  # its index is read in a moment

        await command.stop()
    assert SECRET not in command.output


@pytest.mark.slow
async def test_it_is_measured_at_a_port_of_its_own(workplace, telegram):
    port, metrics = free_port(), free_port()
    settings = on(telegram, web_port=port, metrics_port=metrics)
    async with workplace.dateline("run", **settings) as command:
        await command.said("ready")
        ann = telegram.user("Ann")
        telegram.send(ann, "/start")
        await telegram.wait_for_message(ann)

        async with asyncio.timeout(PATIENCE):
            text = ""
            while SENT_ONE not in text:  # it counts a call once it has read the answer
                async with aiohttp.request("GET", f"http://127.0.0.1:{metrics}/metrics") as answer:
                    text = await answer.text()
        async with aiohttp.request("GET", f"http://127.0.0.1:{port}/metrics") as answer:
            assert answer.status == 404

        await command.stop()
    assert 'dateline_lag_seconds{step="send"} 0.0' in text
    assert SECRET not in text


@pytest.mark.slow
async def test_people_are_answered_before_the_menus_are_told(workplace, telegram):
    telegram.inject("time_out", method="setMyCommands")
    async with workplace.dateline("run", **on(telegram)) as command:
        await command.said("ready")
        ann = telegram.user("Ann")
        telegram.send(ann, "/start")
        await telegram.wait_for_message(ann)

        await command.stop()

    assert "Traceback" not in command.output


@pytest.mark.slow
async def test_a_stop_while_messages_are_handled_answers_each_once_by_the_next_start(
    workplace, telegram
):
    ann = telegram.user("Ann")
    words = ("Taiwan", "Japan", "Oslo")
    async with workplace.dateline("run", **on(telegram)) as command:
        await command.said("ready")
        for word in words:
            telegram.send(ann, word)
        await telegram.wait_for_message(ann)

        await command.stop()

    async with workplace.dateline("run", **on(telegram)) as command:
        await command.said("ready")
        for word in words:
            await telegram.wait_for_message(ann, partial(is_card_of, word))
        await command.stop()

    answers = [each for each in telegram.messages(ann) if each["from"]["is_bot"]]
    assert [sum(is_card_of(word, each) for each in answers) for word in words] == [1, 1, 1]


def is_card_of(word: str, message: dict[str, Any]) -> bool:
    return str(message["text"]).startswith(word)


async def test_a_stop_by_the_keyboard_is_a_stop(workplace):
    async with workplace.dateline("run") as command:
        await command.said("ready")

        command.process.send_signal(2)

        assert await command.ended() == 0
    assert [word for word in ("stopping", "SIGINT", "stopped") if word not in command.output] == []
    assert "no more" not in command.output
    assert "Traceback" not in command.output


@pytest.mark.slow
async def test_whoever_opens_the_link_first_is_the_admin(workplace, telegram):
    async with workplace.dateline("run", **on(telegram, access="allowlist")) as command:
        link = await command.said("?start=admin_")
        await command.said("ready")
        found = re.search(r"\?start=(admin_\S+)", link)
        assert found
        ann, mallory = telegram.user("Ann"), telegram.user("Mallory")

        telegram.send(ann, f"/start {found[1]}")
        welcome = await telegram.wait_for_message(ann)
        telegram.send(mallory, f"/start {found[1]}")
        refusal = await telegram.wait_for_message(mallory)
        telegram.send(ann, "/sources")
        sources = await telegram.wait_for_message(ann, after=welcome["version"])

        await command.stop()

    assert "ources" in sources["text"]
    assert refusal["text"] != welcome["text"]
    assert command.output.count("admin_") == 1


@pytest.mark.slow
async def test_a_bot_with_an_admin_prints_no_link(workplace, telegram):
    async with workplace.dateline("run", **on(telegram, admin_ids="42")) as command:
        await command.said("ready")
        await command.stop()

    assert "admin_" not in command.output


@pytest.mark.slow
async def test_a_stranger_is_told_politely_and_a_guest_is_welcome(workplace, telegram):
    user, stranger = telegram.user("Ann", id=77), telegram.user("Bob")
    settings = on(telegram, access="allowlist", allowed_ids="77", admin_ids="42")

    async with workplace.dateline("run", **settings) as command:
        await command.said("ready")
        telegram.send(user, "/start")
        telegram.send(stranger, "Taiwan")
        welcome = await telegram.wait_for_message(user)
        refusal = await telegram.wait_for_message(stranger)

        await command.stop()

    assert welcome["text"].startswith("Hello, Ann.")
    assert "private" in refusal["text"]
    assert not refusal.get("reply_markup")
