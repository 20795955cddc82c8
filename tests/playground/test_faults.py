"""Injected faults: their responses, before or after the effect of the call."""

import asyncio

import pytest
from aiohttp import ClientConnectionError, ClientTimeout


async def _raw(http, pg, chat_id) -> tuple[int, str, str]:
    url = f"{pg.base_url}/bot1:playground/sendMessage"
    async with http.post(url, json={"chat_id": chat_id, "text": "x"}) as response:
        return response.status, response.content_type, await response.text()


@pytest.mark.parametrize(("when", "arrived"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize(
    ("fault", "status", "description"),
    [
        ("429", 429, "Too Many Requests: retry after 7"),
        ("500", 500, "Internal Server Error"),
        ("400", 400, "Bad Request: injected"),
        ("403", 403, "Forbidden: bot was blocked by the user"),
    ],
)
async def test_an_injected_error_is_the_response(
    call, pg, ann, fault, status, description, when, arrived
):
    pg.inject(fault, method="sendMessage", when=when, retry_after=7)

    body = await call("sendMessage", chat_id=ann.id, text="x")

    assert (body["error_code"], body["description"]) == (status, description)
    assert len(pg.messages(ann)) == arrived
    assert pg.journal()[-1]["applied"] is bool(arrived)


@pytest.mark.parametrize(("when", "arrived"), [("before", 0), ("after", 1)])
async def test_an_injected_gateway_error_is_html(http, pg, ann, when, arrived):
    pg.inject("502_html", when=when)

    status, kind, text = await _raw(http, pg, ann.id)

    assert (status, kind) == (502, "text/html")
    assert "502 Bad Gateway" in text
    assert len(pg.messages(ann)) == arrived


@pytest.mark.parametrize(("when", "arrived"), [("before", 0), ("after", 1)])
async def test_an_injected_reset_ends_the_connection(http, pg, ann, when, arrived):
    pg.inject("reset", when=when)

    with pytest.raises(ClientConnectionError):
        await _raw(http, pg, ann.id)

    assert len(pg.messages(ann)) == arrived
    assert (await _raw(http, pg, ann.id))[0] == 200


@pytest.mark.parametrize(("when", "arrived"), [("before", 0), ("after", 1)])
async def test_an_injected_time_out_sends_no_response(call, pg, ann, when, arrived, until):
    pg.inject("time_out", when=when)
    calling = asyncio.get_running_loop().create_task(call("sendMessage", chat_id=ann.id, text="x"))

    await until(lambda: pg.journal("sendMessage"))
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)

    assert len(pg.messages(ann)) == arrived
    assert pg.journal("sendMessage")[0]["status"] == 0


async def test_a_stopping_server_does_not_wait_for_injected_time_outs(pg, http, ann, until):
    pg.inject("time_out")
    url = f"{pg.base_url}/bot1:playground/getMe"
    request = asyncio.get_running_loop().create_task(http.get(url, timeout=ClientTimeout()))
    await until(lambda: pg.journal("getMe"))

    await pg.__aexit__(None, None, None)

    with pytest.raises(ClientConnectionError):
        await request


async def test_a_fault_hits_its_method_and_chat_as_often_as_injected(call, pg, ann):
    ben = pg.user("Ben")
    pg.inject("500", method="SENDmessage", chat_id=ann.id, times=2)

    async def ok(chat) -> bool:
        return bool((await call("sendMessage", chat_id=chat.id, text="x"))["ok"])

    assert (await call("getMe"))["ok"]
    assert await ok(ben)
    assert [await ok(ann), await ok(ann), await ok(ann)] == [False, False, True]


async def test_an_unlimited_fault_is_cleared(call, pg):
    pg.inject("500", times=0)
    answers = [(await call("getMe"))["ok"] for _ in range(5)]

    pg.clear()

    assert answers == [False] * 5
    assert (await call("getMe"))["ok"]


async def test_a_fault_may_have_a_description_of_its_own(call, pg, ann):
    pg.inject("400", description="Bad Request: TOPIC_CLOSED")

    body = await call("sendMessage", chat_id=ann.id, text="x")

    assert body["description"] == "Bad Request: TOPIC_CLOSED"
