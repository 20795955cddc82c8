"""The control API over HTTP, and its protection from other sites."""

import asyncio
import sys

import pytest


@pytest.fixture
def control(pg, http):
    """POST facts to the control API, or GET from it; returns status and body."""

    async def control(name, headers=None, **facts):
        url = f"{pg.base_url}/control/{name}"
        verb = "GET" if not facts and name.partition("?")[0] in READ else "POST"
        body = {} if verb == "GET" else {"json": facts}
        async with http.request(verb, url, headers=headers, **body) as response:
            return response.status, await response.json()

    return control


READ = {"chats", "events", "journal", "bot", "newsroom", "chats/1001/messages"}


async def test_a_user_writes_and_presses_and_the_bot_answers(control, call):
    status, ann = await control("add_user", first_name="Ann", language_code="ja")
    assert (status, ann) == (200, {"id": 1001, "chat_id": 1001})

    _, sent = await control("send", chat_id=1001, text="/start")
    markup = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    await call("sendMessage", chat_id=1001, text="hello", reply_markup=markup)
    _, pressed = await control("press", chat_id=1001, message_id=2, data="go")

    written, clicked = (await call("getUpdates"))["result"]
    assert written["update_id"] == sent["update_id"]
    assert written["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert written["message"]["from"]["language_code"] == "ja"
    assert clicked["callback_query"]["id"] == pressed["callback_query_id"]
    assert clicked["callback_query"]["data"] == "go"
    assert clicked["callback_query"]["message"]["text"] == "hello"


async def test_messages_are_read_by_version(control, call, ann):
    await call("sendMessage", chat_id=ann.id, text="one")
    _, (first,) = await control("chats/1001/messages")
    await call("sendMessage", chat_id=ann.id, text="two")
    await call("editMessageText", chat_id=ann.id, message_id=1, text="three")

    _, later = await control(f"chats/1001/messages?after={first['version']}", headers=None)

    assert [(m["text"], m["edited"]) for m in later] == [("three", True), ("two", False)]


async def test_a_request_for_events_waits_for_the_next_one(control, call, ann):
    _, now = await control("events")
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(control(f"events?after={now['last']}"))
        await call("sendMessage", chat_id=ann.id, text="one")

    _, news = waiting.result()
    assert [(e["kind"], e["chat_id"], e["message_id"]) for e in news["events"]] == [
        ("message", ann.id, 1)
    ]
    assert news["last"] == now["last"] + 1


async def test_a_request_for_events_times_out_and_notices_a_restart(control):
    assert (await control("events?after=0&timeout=0.01"))[1] == {"last": 0, "events": []}
    assert (await control("events?after=99"))[1]["restarted"] is True


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("send", {"chat_id": 5, "text": "nobody's chat"}),
        ("add_user", {"first_name": "Ann", "id": -5}),
        ("inject", {"fault": "earthquake"}),
        ("inject", {"fault": "500", "when": "later"}),
        ("add_chat", {"type": "private", "title": "x"}),
        ("migrate", {"chat_id": 1001}),
        ("press", {"chat_id": 1001, "message_id": 9, "data": "x"}),
        ("flood", {"mode": "biblical"}),
        ("publish", {"slug": "no-such-article"}),
    ],
)
async def test_an_invalid_action_gets_an_error(control, ann, name, facts):
    status, body = await control(name, **facts)

    assert status == 400
    assert body["error"]


async def test_only_an_existing_button_can_be_pressed(control, call, ann):
    markup = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    await call("sendMessage", chat_id=ann.id, text="x", reply_markup=markup)

    status, body = await control("press", chat_id=ann.id, message_id=1, data="stop")

    assert (status, body["error"]) == (400, "Bad Request: the message has no such button")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "https://elsewhere.example"}, id="another origin"),
        pytest.param({"Origin": "null"}, id="a sandboxed page"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="another port"),
        pytest.param({"Host": "elsewhere.example"}, id="a name re-bound to this machine"),
        pytest.param({"Host": "10.0.0.1"}, id="another address"),
    ],
)
@pytest.mark.parametrize("path", ["control/chats", "bot1:playground/getMe"])
async def test_requests_of_other_sites_are_rejected(pg, http, path, headers):
    async with http.get(f"{pg.base_url}/{path}", headers=headers) as response:
        assert response.status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_requests_of_the_own_page_are_accepted(pg, http, host):
    headers = {
        "Host": f"{host}:{pg.port}",
        "Origin": f"http://{host}:{pg.port}",
        "Sec-Fetch-Site": "same-origin",
    }

    async with http.get(f"{pg.base_url}/control/chats", headers=headers) as response:
        assert response.status == 200


async def test_a_feed_is_closed_and_reopened(control, pg, http):
    feed = f"{pg.base_url}/news/wire.xml"

    status, closed = await control("close", publisher="wire")
    async with http.get(feed) as response:
        assert (status, closed, response.status) == (200, {"closed": ["wire"]}, 410)
    assert await control("close", publisher="wire", closed=False) == (200, {"closed": []})
    async with http.get(feed) as response:
        assert response.status == 200

    assert await control("close", publisher="none") == (
        400,
        {"error": "Bad Request: no such publisher"},
    )


async def test_the_newsroom_publishes_on_request(control, pg, http):
    _, published = await control("publish", slug=None)

    _, state = await control("newsroom")
    assert state["latest"][0]["slug"] == published["slug"]
    async with http.get(pg.newsroom_url) as response:
        assert published["title"].split()[0] in await response.text()


async def test_the_bot_may_choose_what_the_button_publishes(control, pg):
    async def choose(newsroom):
        return newsroom.unpublished()[3].slug

    wanted = pg.newsroom.unpublished()[3].slug
    pg.newsroom.choose = choose

    assert (await control("publish"))[1]["slug"] == wanted


async def test_the_journal_is_read_from_a_number_on(control, call):
    await call("getMe")
    await call("getMe")

    _, entries = await control("journal?after=1")

    assert [(entry["n"], entry["method"]) for entry in entries] == [(2, "getMe")]


async def test_the_program_prints_its_address_once_it_is_up(http):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "playground", "--port", "0", "--every", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        address = (await process.stdout.readline()).decode().split()[-1]
        async with http.get(f"{address}bot1:playground/getMe") as response:
            assert (await response.json())["ok"] is True
    finally:
        process.terminate()
        await process.communicate()
