"""Polling for updates: waiting, confirming, allowed kinds, and the 409."""

import asyncio


async def test_polling_waits_for_the_first_update(call, pg, ann, until):
    async with asyncio.TaskGroup() as group:
        polled = group.create_task(call("getUpdates", timeout=50))
        await until(lambda: pg.world.updates._poller)
        pg.send(ann, "hello")

    assert [update["message"]["text"] for update in polled.result()["result"]] == ["hello"]


async def test_polling_without_a_time_out_returns_at_once(call):
    assert (await call("getUpdates"))["result"] == []


async def test_an_update_comes_again_until_a_higher_offset_confirms_it(call, pg, ann):
    first, second = (pg.send(ann, text)["update_id"] for text in ("one", "two"))

    assert [u["update_id"] for u in (await call("getUpdates"))["result"]] == [first, second]
    assert [u["update_id"] for u in (await call("getUpdates", limit=1))["result"]] == [first]
    later = await call("getUpdates", offset=second)
    assert [u["update_id"] for u in later["result"]] == [second]
    assert (await call("getUpdates", offset=second + 1))["result"] == []


async def test_a_negative_offset_keeps_only_the_last_updates(call, pg, ann):
    for text in ("one", "two", "three"):
        pg.send(ann, text)

    assert [u["message"]["text"] for u in (await call("getUpdates", offset=-1))["result"]] == [
        "three"
    ]
    assert len((await call("getUpdates"))["result"]) == 1


async def test_the_older_of_two_pollers_gets_the_conflict(call, pg, ann, until):
    async with asyncio.TaskGroup() as group:
        older = group.create_task(call("getUpdates", timeout=50))
        await until(lambda: pg.world.updates._poller)
        newer = group.create_task(call("getUpdates", timeout=50))
        body = await older
        pg.send(ann, "hello")

    assert body["error_code"] == 409
    assert body["description"] == (
        "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running"
    )
    assert len(newer.result()["result"]) == 1


async def test_a_disconnected_poller_does_not_block_the_next(call, pg, http, ann, until):
    gone = asyncio.get_running_loop().create_task(call("getUpdates", timeout=50))
    await until(lambda: pg.world.updates._poller)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    pg.send(ann, "hello")

    assert len((await call("getUpdates"))["result"]) == 1


async def test_allowed_updates_are_remembered(call, pg, ann):
    await call("getUpdates", allowed_updates=["callback_query"])

    assert pg.send(ann, "unheard")["update_id"] is None
    assert (await call("getWebhookInfo"))["result"]["allowed_updates"] == ["callback_query"]


async def test_deleting_the_webhook_may_drop_pending_updates(call, pg, ann):
    pg.send(ann, "hello")

    await call("deleteWebhook", drop_pending_updates=True)

    assert (await call("getUpdates"))["result"] == []


async def test_a_queued_update_is_delivered_unchanged_even_if_not_allowed(call, pg, http):
    await call("getUpdates", allowed_updates=["message"])

    async with http.post(f"{pg.base_url}/control/update", json={"poll": {"id": "1"}}) as response:
        number = (await response.json())["update_id"]

    assert (await call("getUpdates"))["result"] == [{"update_id": number, "poll": {"id": "1"}}]
