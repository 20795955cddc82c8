"""Asking a hub for pushes: once, again before the promise ends, less often where it is deaf."""

from __future__ import annotations

import pytest
from aiohttp import web

from bot.sources.pushes import Pushing
from tests.sources.feeds_made import item, rss
from tests.sources.polled import DAY, HOUR, articles_of
from tests.sources.pushes.conftest import (
    CALLBACK,
    MINUTE,
    change_sources,
    confirm,
    only_push,
    question,
    tell,
)


async def test_a_hub_is_asked_once_and_asks_back(storage, source, pushing, hub, visitor, clock):
    assert await pushing.ask_hubs() == 1
    assert await pushing.ask_hubs() == 0

    push = await only_push(storage)
    assert hub.asked == [
        {
            "hub.callback": CALLBACK + push.token,
            "hub.mode": "subscribe",
            "hub.topic": "https://news.example/all",
            "hub.secret": push.secret,
            "hub.lease_seconds": "864000",
        }
    ]
    assert len(push.token) > 40
    assert push.token != push.secret

    assert await confirm(visitor, push, lease_seconds="864000") == "200 <b>42</b>"

    push = await only_push(storage)
    assert (push.asking, push.ends_at) == (None, clock.now + 10 * DAY)


async def test_the_challenge_goes_out_as_plain_text(storage, source, pushing, visitor):
    await pushing.ask_hubs()
    push = await only_push(storage)

    answer = await visitor.get(f"/hub/{push.token}", params=question(push))

    assert answer.content_type == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"hub.topic": "https://news.example/other"}, id="another topic"),
        pytest.param({"hub.mode": "unsubscribe"}, id="what we do not want"),
        pytest.param({"hub.mode": "dance"}, id="nonsense"),
        pytest.param({"hub.challenge": None}, id="no challenge"),
    ],
)
async def test_what_was_not_asked_for_is_not_confirmed(storage, source, pushing, visitor, changed):
    await pushing.ask_hubs()
    push = await only_push(storage)
    asked = {name: value for name, value in (question(push) | changed).items() if value}

    assert (await visitor.get(f"/hub/{push.token}", params=asked)).status == 404


async def test_nobody_is_answered_without_the_token(storage, source, pushing, visitor):
    await pushing.ask_hubs()
    push = await only_push(storage)

    assert (await visitor.get("/hub/guess", params=question(push))).status == 404
    assert (await visitor.post("/hub/guess", data=b"news")).status == 410


async def test_a_promise_is_renewed_before_it_ends(storage, source, pushing, hub, visitor, clock):
    await pushing.ask_hubs()
    await confirm(visitor, await only_push(storage), lease_seconds="864000")

    clock.turn(7 * DAY)
    assert await pushing.ask_hubs() == 0
    clock.turn(DAY)
    assert await pushing.ask_hubs() == 1
    await confirm(visitor, await only_push(storage), lease_seconds="864000")

    assert hub.modes == ["subscribe", "subscribe"]
    assert (await only_push(storage)).ends_at == clock.now + 10 * DAY


@pytest.mark.parametrize(
    ("status", "away"),
    [
        pytest.param(202, False, id="it never asks back"),
        pytest.param(400, False, id="it says no"),
        pytest.param(500, True, id="it is away"),
    ],
)
async def test_a_hub_that_does_not_ask_back_is_asked_less_and_less_often(
    storage, source, pushing, hub, clock, status, away
):
    hub.status, hub.away = status, away

    for _ in range(72):
        await pushing.ask_hubs()
        clock.turn(HOUR)

    assert hub.modes == ["subscribe"] * 7  # at 0, 1, 3, 7, 15, 31 and 55 hours


async def test_a_hub_that_refuses_is_left_alone_for_a_week(
    storage, source, pushing, hub, visitor, clock
):
    await pushing.ask_hubs()
    push = await only_push(storage)

    assert await confirm(visitor, push, "denied", reason="not you") == "200 "

    clock.turn(6 * DAY)
    assert await pushing.ask_hubs() == 0
    clock.turn(2 * DAY)
    assert await pushing.ask_hubs() == 1


@pytest.mark.parametrize(("public", "inside"), [(True, True), (False, False)])
async def test_only_the_operators_own_sources_may_name_a_hub_inside(
    storage, source, pushing, hub, public, inside
):
    await change_sources(storage, public=public)

    await pushing.ask_hubs()

    assert hub.inside == [inside]


async def test_a_hub_may_ask_back_before_it_answers(
    storage, adding, fetcher, farm, polling, visitor, clock
):
    told = []

    async def hub(request: web.Request) -> web.Response:
        form = await request.post()
        asked = {"hub.mode": form["hub.mode"], "hub.topic": form["hub.topic"]}
        answer = await visitor.get(
            str(form["hub.callback"]).removeprefix("https://bot.example"),
            params={name: str(value) for name, value in asked.items()} | {"hub.challenge": "42"},
        )
        told.append((answer.status, await answer.text()))
        return web.Response(status=204)

    farm.pages["/hub"] = hub
    link = f"<{farm.url('/hub')}>; rel=hub"
    farm.serve("/feed.xml", rss([item(1)]), Link=link)
    await adding.add(farm.url())

    await Pushing(storage, fetcher, "me", CALLBACK).ask_hubs()

    assert told == [(200, "42")]
    push = await only_push(storage)
    assert (push.topic, push.ends_at) == (farm.url(), clock.now + 10 * DAY)

    farm.serve("/feed.xml", rss([item(2), item(1)]), Link=link)
    clock.turn(MINUTE)
    await tell(visitor, push)
    await polling.poll_due()
    assert "Sample news 2" in await articles_of(storage)
