"""A hub that is needed no longer is told, and forgotten."""

from __future__ import annotations

import pytest

from storage.enums import SourceState
from storage.sources import remove_source
from storage.websub import PushSubscription
from tests.sources.polled import HOUR, rows_of
from tests.sources.pushes.conftest import CALLBACK, change_sources, confirm, only_push


@pytest.mark.parametrize("why", ["removed", "gone", "names no hub any more", "names another hub"])
async def test_a_hub_is_told_when_it_is_no_longer_needed(
    storage, source, pushing, hub, visitor, clock, why
):
    await pushing.ask_hubs()
    await confirm(visitor, await only_push(storage))
    match why:
        case "removed":
            async with storage.writing() as tx:
                await remove_source(tx, source.url_hash)
        case "gone":
            await change_sources(storage, state=SourceState.GONE)
        case "names no hub any more":
            await change_sources(storage, hub=None)
        case _:
            await change_sources(storage, hub_topic="https://news.example/elsewhere")

    await pushing.ask_hubs()
    old, *_new = await rows_of(storage, PushSubscription)

    assert (
        hub.asked[-1 if why != "names another hub" else 1]["hub.callback"] == CALLBACK + old.token
    )
    assert "unsubscribe" in hub.modes
    assert (await visitor.post(f"/hub/{old.token}", data=b"news")).status == 410
    assert await confirm(visitor, old, "unsubscribe") == "200 <b>42</b>"
    assert old.token not in {push.token for push in await rows_of(storage, PushSubscription)}


async def test_a_hub_that_does_not_take_leave_is_forgotten(
    storage, source, pushing, hub, visitor, clock
):
    await pushing.ask_hubs()
    await confirm(visitor, await only_push(storage))
    async with storage.writing() as tx:
        await remove_source(tx, source.url_hash)

    for _ in range(48):
        await pushing.ask_hubs()
        clock.turn(HOUR)

    assert hub.modes == ["subscribe", "unsubscribe", "unsubscribe", "unsubscribe"]
    assert await rows_of(storage, PushSubscription) == []


async def test_a_hub_that_promised_nothing_is_forgotten_at_once(storage, source, pushing, hub):
    await pushing.ask_hubs()
    async with storage.writing() as tx:
        await remove_source(tx, source.url_hash)

    await pushing.ask_hubs()

    assert hub.modes == ["subscribe"]
    assert await rows_of(storage, PushSubscription) == []
