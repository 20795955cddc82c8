"""WebSub: subscriptions at a hub, its pushes, and how often the source is polled besides."""

import asyncio
from contextlib import ExitStack

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.sources.fetch.websub import ask_hubs, find_push
from bot.subscribers.own_feeds import unfollow_feed
from bot.web.requests import PushSlots
from storage.enums import SourceState
from storage.sources import Source, remove_source
from storage.websub import ExpectedPush, PushSubscription
from tests.sources.feeds_made import item, rss
from tests.sources.fetch.conftest import (
    CALLBACK,
    MINUTE,
    NAMES_A_HUB,
    change_sources,
    confirm,
    follow,
    only_push,
    question,
    send_push,
    unfinished_push,
)
from tests.sources.polled import DAY, HOUR, articles_of, only_source, poll_after, rows_of
from tests.story.processes import PATIENCE

pytestmark = pytest.mark.slow


@pytest.fixture
async def requested(storage, source, ask) -> PushSubscription:
    """Return the subscription that was requested of the hub, which has not confirmed it."""
    await ask()
    return await only_push(storage)


@pytest.fixture
async def push(requested: PushSubscription, visitor, clock) -> PushSubscription:
    """Return a subscription that the hub has confirmed five minutes ago."""
    await confirm(visitor, requested, lease_seconds="864000")
    clock.turn(5 * MINUTE)
    return requested


async def test_a_hub_is_asked_once_and_verifies(storage, requested, ask, hub, visitor, clock):
    assert await ask() == 0
    assert hub.asked == [
        {
            "hub.callback": CALLBACK + requested.token,
            "hub.mode": "subscribe",
            "hub.topic": "https://news.example/all",
            "hub.secret": requested.secret,
            "hub.lease_seconds": "864000",
        }
    ]
    assert len(requested.token) > 40
    assert requested.token != requested.secret

    answer = await visitor.get(f"/hub/{requested.token}", params=question(requested))

    assert (answer.status, await answer.text()) == (200, "<b>42</b>")
    assert answer.content_type == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    push = await only_push(storage)
    assert (push.asking, push.ends_at) == (None, clock.now + 10 * DAY)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"hub.topic": "https://news.example/other"}, id="another topic"),
        pytest.param({"hub.mode": "unsubscribe"}, id="what we do not want"),
        pytest.param({"hub.mode": "dance"}, id="nonsense"),
        pytest.param({"hub.challenge": None}, id="no challenge"),
    ],
)
async def test_only_what_was_requested_is_confirmed(requested, visitor, changed):
    asked = {name: value for name, value in (question(requested) | changed).items() if value}

    assert (await visitor.get(f"/hub/{requested.token}", params=asked)).status == 404


async def test_a_call_without_the_token_is_refused(requested, visitor):
    assert (await visitor.get("/hub/guess", params=question(requested))).status == 404
    assert (await visitor.post("/hub/guess", data=b"news")).status == 410


async def test_a_lease_is_renewed_before_it_ends(storage, push, ask, hub, visitor, clock):
    clock.turn(7 * DAY)
    assert await ask() == 0
    clock.turn(DAY)
    assert await ask() == 1
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
async def test_a_hub_that_does_not_verify_is_asked_less_and_less_often(
    storage, source, ask, hub, clock, status, away
):
    hub.status, hub.away = status, away

    for _ in range(72):
        await ask()
        clock.turn(HOUR)

    assert hub.modes == ["subscribe"] * 7  # at 0, 1, 3, 7, 15, 31 and 55 hours


async def test_a_hub_that_denies_is_left_alone_for_a_week(requested, ask, visitor, clock):
    assert await confirm(visitor, requested, "denied", reason="not you") == "200 "

    clock.turn(6 * DAY)
    assert await ask() == 0
    clock.turn(2 * DAY)
    assert await ask() == 1


@pytest.mark.parametrize(("public", "inside"), [(True, True), (False, False)])
async def test_only_the_operators_own_sources_may_name_a_hub_inside(
    storage, source, ask, hub, public, inside
):
    await change_sources(storage, public=public)
    await follow(storage, source.id)

    await ask()

    assert hub.inside == [inside]


async def test_a_hub_may_verify_before_it_responds(
    storage, adding, fetcher, farm, polling, visitor, clock
):
    responses = []

    async def hub(request: web.Request) -> web.Response:
        form = await request.post()
        asked = {"hub.mode": form["hub.mode"], "hub.topic": form["hub.topic"]}
        answer = await visitor.get(
            str(form["hub.callback"]).removeprefix("https://bot.example"),
            params={name: str(value) for name, value in asked.items()} | {"hub.challenge": "42"},
        )
        responses.append((answer.status, await answer.text()))
        return web.Response(status=204)

    farm.pages["/hub"] = hub
    link = f"<{farm.url('/hub')}>; rel=hub"
    farm.serve("/feed.xml", rss([item(1)]), Link=link)
    await adding.add(farm.url())

    await ask_hubs(storage, fetcher, owner="me", callback=CALLBACK)

    assert responses == [(200, "42")]
    push = await only_push(storage)
    assert (push.topic, push.ends_at) == (farm.url(), clock.now + 10 * DAY)

    farm.serve("/feed.xml", rss([item(2), item(1)]), Link=link)
    clock.turn(MINUTE)
    await send_push(visitor, push)
    await polling.poll_due()
    assert "Sample news 2" in await articles_of(storage)


async def test_a_push_makes_the_source_due_at_once(storage, push, polling, farm, visitor, clock):
    farm.serve("/feed.xml", rss([item(2), item(1)]), **NAMES_A_HUB)

    assert await polling.poll_due() == 0
    assert await send_push(visitor, push) == 202
    assert await polling.poll_due() == 1

    assert "Sample news 2" in await articles_of(storage)
    assert (await only_push(storage)).pushed_at is None
    assert (await only_source(storage)).pushed_until == clock.now + 2 * DAY


async def test_many_pushes_lead_to_one_poll(push, ask, polling, visitor, clock):
    await send_push(visitor, push)
    await polling.poll_due()
    await send_push(visitor, push)
    assert await polling.poll_due() == 0  # it was read just now

    clock.turn(MINUTE)
    await ask()
    assert await polling.poll_due() == 1
    await ask()
    assert await polling.poll_due() == 0


async def test_a_push_with_a_bad_signature_is_ignored_silently(push, polling, visitor):
    assert await send_push(visitor, push, secret="guessed") == 202
    assert (await visitor.post(f"/hub/{push.token}", data=b"news")).status == 202

    assert await polling.poll_due() == 0


@pytest.mark.parametrize(
    ("changes", "status", "polled"),
    [
        pytest.param({"method": "sha512"}, 202, 1, id="a stronger method"),
        pytest.param({"method": "sha1"}, 202, 0, id="a weak method"),
        pytest.param({"body": b"n" * 1_000_000}, 202, 1, id="a whole feed"),
        pytest.param({"body": b"n" * 1_000_001}, 413, 0, id="too much"),
    ],
)
async def test_a_push_is_accepted_by_its_signature_and_size(
    push, polling, visitor, changes, status, polled
):
    assert await send_push(visitor, push, **changes) == status

    assert await polling.poll_due() == polled


async def test_one_push_of_a_source_is_read_at_a_time(storage, push, visitor, site):
    expected = await find_push(storage, push.token)
    assert expected

    with site.pushes.slot(expected):
        async with unfinished_push(visitor, push) as answer, asyncio.timeout(PATIENCE):
            line = await answer.readline()

    assert line.split()[1] == b"429"
    assert await send_push(visitor, push) == 202


async def test_a_push_is_not_read_while_its_source_waits_to_be_polled(
    push, polling, visitor, storage
):
    await send_push(visitor, push)
    await polling.poll_due()
    await send_push(visitor, push)  # the source was polled just now, so this one waits
    assert (await only_push(storage)).pushed_at

    async with unfinished_push(visitor, push) as answer, asyncio.timeout(PATIENCE):
        line = await answer.readline()

    assert line.split()[1] == b"202"


async def test_private_feeds_do_not_take_the_slots_of_public_sources(push):
    slots = PushSlots(most=2)
    private, public = (
        [ExpectedPush(n, n, push.hub, "", is_pending=False, is_public=one) for n in numbers]
        for one, numbers in ((False, range(3)), (True, range(10, 12)))
    )

    with ExitStack() as stack:
        for each in private[:2]:
            stack.enter_context(slots.slot(each))
        with pytest.raises(web.HTTPServiceUnavailable):
            stack.enter_context(slots.slot(private[2]))
        for each in public:
            stack.enter_context(slots.slot(each))

    assert slots._reading == {}


async def test_a_private_feed_makes_itself_due_alone(
    storage, push, adding, farm, polling, visitor, clock
):
    await change_sources(storage, public=False)
    await follow(storage, push.source_id)
    # The publisher's own source is what the private feed says that it is.
    farm.serve("/public.xml", rss([item(3)]))
    added = await adding.add(farm.url("/public.xml"))
    due_at = clock.now + HOUR
    async with storage.writing() as tx:
        public = await tx.get_one(Source, added.source_id)
        public.hub, public.hub_topic, public.next_fetch_at = push.hub, push.topic, due_at
        waiting = PushSubscription(
            source_id=public.id,
            hub=push.hub,
            topic=push.topic,
            token="public",
            secret="s",
            due_at=due_at,
            pushed_at=clock.now,
        )
        await tx.add(waiting)

    assert await send_push(visitor, push) == 202

    sources = {source.id: source for source in await rows_of(storage, Source)}
    assert sources[push.source_id].next_fetch_at == clock.now
    assert sources[public.id].next_fetch_at == due_at


async def test_the_push_of_a_private_feed_ends_with_its_last_follower(
    storage, push, ask, hub, visitor
):
    await change_sources(storage, public=False)
    ann, bob = [await follow(storage, push.source_id) for _ in range(2)]

    await unfollow_feed(storage, ann, push.source_id)
    await ask()
    assert await send_push(visitor, push) == 202
    await unfollow_feed(storage, bob, push.source_id)

    assert await send_push(visitor, push) == 410
    await ask()
    assert hub.modes == ["subscribe", "unsubscribe"]
    await ask()
    assert hub.modes == ["subscribe", "unsubscribe"]


async def test_hubs_of_public_sources_are_asked_first(storage, source, adding, farm, hub):
    await change_sources(storage, public=False)
    await follow(storage, source.id)
    farm.serve("/public.xml", rss([item(3)]), **NAMES_A_HUB)
    public = await adding.add(farm.url("/public.xml"))

    await ask_hubs(storage, hub, owner="me", callback=CALLBACK, limit=1)

    assert (await only_push(storage)).source_id == public.source_id


async def test_a_repeated_denial_changes_and_logs_nothing(storage, requested, visitor, clock):
    await confirm(visitor, requested, "denied", reason="not you")
    denied = await only_push(storage)
    clock.turn(HOUR)

    with capture_logs() as logs:
        assert await confirm(visitor, requested, "denied", reason="not you") == "200 "

    assert (await only_push(storage)).due_at == denied.due_at
    assert logs == []


async def test_a_push_does_not_hasten_a_source_with_a_problem(push, polling, farm, visitor, clock):
    farm.serve("/feed.xml", status=503, Retry_After="86400")
    await poll_after(polling, clock, HOUR)
    clock.turn(5 * MINUTE)

    await send_push(visitor, push)

    assert await polling.poll_due() == 0


@pytest.mark.parametrize("why", ["removed", "gone", "names no hub any more", "names another hub"])
async def test_a_hub_that_is_no_longer_needed_gets_an_unsubscribe(
    storage, source, push, ask, hub, visitor, why
):
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

    await ask()

    unsubscribes = [form for form in hub.asked if form["hub.mode"] == "unsubscribe"]
    assert [form["hub.callback"] for form in unsubscribes] == [CALLBACK + push.token]
    assert (await visitor.post(f"/hub/{push.token}", data=b"news")).status == 410
    assert await confirm(visitor, push, "unsubscribe") == "200 <b>42</b>"
    assert push.token not in {each.token for each in await rows_of(storage, PushSubscription)}


async def test_a_hub_that_ignores_unsubscribes_is_forgotten(storage, source, push, ask, hub, clock):
    async with storage.writing() as tx:
        await remove_source(tx, source.url_hash)

    for _ in range(48):
        await ask()
        clock.turn(HOUR)

    assert hub.modes == ["subscribe", "unsubscribe", "unsubscribe", "unsubscribe"]
    assert await rows_of(storage, PushSubscription) == []


async def test_a_hub_that_confirmed_nothing_is_forgotten_at_once(
    storage, source, requested, ask, hub
):
    async with storage.writing() as tx:
        await remove_source(tx, source.url_hash)

    await ask()

    assert hub.modes == ["subscribe"]
    assert await rows_of(storage, PushSubscription) == []


@pytest.fixture
async def pushed(push: PushSubscription, polling, farm, visitor, clock) -> PushSubscription:
    """Return the subscription after a push of ten entries that came within minutes."""
    busy = [item(n, clock.now - n * MINUTE) for n in range(2, 12)]
    farm.serve("/feed.xml", rss(busy), **NAMES_A_HUB)
    await send_push(visitor, push)
    await polling.poll_due()
    return push


@pytest.mark.usefixtures("pushed")
async def test_a_source_is_polled_less_while_its_hub_pushes(storage, clock):
    source = await only_source(storage)
    assert source.pushed_until == clock.now + 2 * DAY
    assert source.next_fetch_at == clock.now + HOUR


@pytest.mark.usefixtures("pushed")
@pytest.mark.parametrize(
    ("age", "is_trusted"),
    [
        pytest.param(HOUR / 2, False, id="half an hour old: the hub did not push it"),
        pytest.param(MINUTE, True, id="a minute old: the hub may still push it"),
    ],
)
async def test_entries_that_the_hub_did_not_push_end_that(
    storage, polling, farm, clock, age, is_trusted
):
    clock.turn(HOUR)
    farm.serve("/feed.xml", rss([item(20, clock.now - age)]), **NAMES_A_HUB)

    await polling.poll_due()

    assert bool((await only_source(storage)).pushed_until) is is_trusted


async def test_a_source_is_polled_again_soon_after_a_push_without_entries(
    storage, pushed, polling, visitor, clock
):
    clock.turn(5 * MINUTE)

    await send_push(visitor, pushed)
    await polling.poll_due()

    assert (await only_source(storage)).next_fetch_at == clock.now + 15 * MINUTE
