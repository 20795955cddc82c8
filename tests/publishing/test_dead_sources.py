from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from bot.publishing import notices
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from storage.access import add_admin
from storage.enums import ChatState, DeliveryKind, Mode, SourceState
from storage.outages import Outage
from storage.outbox import Delivery
from storage.sources import Follow, Source
from tests.publishing.newsroom import Newsroom
from tests.publishing.stages import Stages

DAY = timedelta(days=1)


@dataclass
class Scene:
    """Two public sources, of which the first has died, and their earlier stories."""

    newsroom: Newsroom
    dead: int = 0
    other: int = 0
    query: int = 0

    async def reader(self, telegram_id: int = 7, **more: Any) -> int:
        chat = await self.newsroom.chat(telegram_id, **more)
        await self.newsroom.subscribe(chat, self.query, "Words", Mode.BOTH)
        return chat

    async def news(self, given: int, others: int, days_ago: int = 1) -> None:
        """Store *given* matching stories of the dead source and *others* of the other one."""
        for source, number in ((self.dead, given), (self.other, others)):
            for _ in range(number):
                await self.newsroom.article(
                    "News", self.query, source_id=source, ago=days_ago * DAY
                )


@pytest.fixture
async def scene(newsroom: Newsroom) -> Scene:
    dead, other = await newsroom.source("Dead Times"), await newsroom.source("Well Times")
    query = await newsroom.query("words")
    return Scene(newsroom, dead, other, query)


async def dies(scene: Scene, **values: Any) -> None:
    async with scene.newsroom.storage.reading() as tx:
        died = {"state": SourceState.GONE, "error": "gone", "error_since": tx.now}
    await scene.newsroom.change(Source, scene.dead, **died | values)


async def sent(scene: Scene) -> list[int]:
    return sorted(row.chat_id for row in await scene.newsroom.all(Delivery))


async def test_a_chat_that_depends_on_a_dead_source_is_notified_once(publishing, scene, clock):
    chat = await scene.reader()
    await scene.news(given=2, others=1)
    await dies(scene)

    assert await publishing.notices() == 1
    clock.turn(DAY)
    assert await publishing.notices() == 0

    (delivery,) = await scene.newsroom.all(Delivery)
    assert (delivery.notice, delivery.chat_id) == ("source_dead", chat)
    assert delivery.subject == f"{scene.dead}:20260302T120000"
    assert (delivery.kind, delivery.silent) == (DeliveryKind.NOTICE, True)
    assert delivery.body["text"] == (
        "Dead Times has been taken down for good, so I no longer read it. "
        "In the month before, it gave 2 of the 3 articles that your topics found.\n\n"
        "Your topics stay as they are. If its news has a new address, the admin can add it."
    )


@pytest.mark.parametrize(
    ("given", "others", "is_reported"),
    [
        pytest.param(1, 2, True, id="a third"),
        pytest.param(1, 3, False, id="less than a third"),
        pytest.param(1, 0, True, id="all there was"),
        pytest.param(0, 2, False, id="nothing"),
    ],
)
async def test_a_chat_depends_on_a_source_of_a_third_of_its_stories(
    publishing, scene, given, others, is_reported
):
    chat = await scene.reader()
    await scene.news(given, others)
    await dies(scene)

    await publishing.notices()

    assert await sent(scene) == ([chat] if is_reported else [])


async def test_stories_older_than_a_month_do_not_count(publishing, scene):
    chat = await scene.reader()
    await scene.news(given=9, others=0, days_ago=31)
    await scene.news(given=0, others=1)
    await dies(scene)
    await publishing.notices()
    assert await sent(scene) == []

    follower = await scene.newsroom.chat(8)
    async with scene.newsroom.storage.writing() as tx:
        await tx.add(Follow(chat_id=follower, source_id=scene.dead))
    await scene.newsroom.change(Outage, 1, reported_at=None)
    await publishing.notices()

    assert await sent(scene) == [follower]
    assert chat != follower


async def test_the_month_ends_when_the_outage_began(publishing, scene, clock):
    chat = await scene.reader()
    await scene.news(given=1, others=0)
    died_at = clock.now
    clock.turn(9 * DAY)
    await scene.news(given=0, others=9, days_ago=2)
    await dies(scene, error_since=died_at)

    await publishing.notices()

    assert await sent(scene) == [chat]


@pytest.mark.parametrize(
    ("chat", "is_muted"),
    [
        pytest.param({"state": ChatState.PAUSED}, False, id="is paused"),
        pytest.param({"state": ChatState.BLOCKED}, False, id="blocked us"),
        pytest.param({}, True, id="muted the topic for good"),
    ],
)
async def test_a_chat_is_not_notified(publishing, scene, chat, is_muted):
    await scene.reader(**chat)
    if is_muted:
        await scene.newsroom.mute_topic(1, 1)
    await scene.news(given=1, others=0)
    await dies(scene)

    await publishing.notices()

    assert await sent(scene) == []


async def test_a_dead_private_source_is_reported_to_its_followers_only(publishing, scene):
    other_user, follower = await scene.reader(1), await scene.reader(2)
    await scene.news(given=2, others=0)
    async with scene.newsroom.storage.writing() as tx:
        await tx.add(Follow(chat_id=follower, source_id=scene.dead))
    await dies(scene, public=False)

    await publishing.notices()

    assert await sent(scene) == [follower]
    assert other_user != follower
    assert "You follow it." in (await scene.newsroom.texts())[0]


@pytest.mark.parametrize(
    ("given", "own", "is_reported"),
    [
        pytest.param(1, 2, True, id="a third with what its own source found"),
        pytest.param(1, 3, False, id="less than a third"),
    ],
)
async def test_stories_from_a_chats_own_source_count(publishing, scene, given, own, is_reported):
    chat = await scene.reader()
    private = await scene.newsroom.source("Club Paper", public=False)
    async with scene.newsroom.storage.writing() as tx:
        await tx.add(Follow(chat_id=chat, source_id=private))
    await scene.news(given, others=0)
    for _ in range(own):
        await scene.newsroom.article("News", scene.query, source_id=private, ago=DAY)
    await dies(scene)

    await publishing.notices()

    assert await sent(scene) == ([chat] if is_reported else [])


async def test_an_outage_is_reported_again_only_after_a_recovery(publishing, scene, clock):
    await scene.reader()
    await scene.news(given=1, others=0)
    await dies(scene)
    await publishing.notices()

    clock.turn(DAY)
    alive = {"state": SourceState.ACTIVE, "error": None, "error_since": None}
    await scene.newsroom.change(Source, scene.dead, **alive)
    await publishing.notices()
    await dies(scene)
    await publishing.notices()

    assert len(await sent(scene)) == 2


async def test_admins_are_notified_of_a_source_that_is_gone(scene, publishing):
    ours, appointed, _other_user = [await scene.newsroom.chat(number) for number in (900, 901, 902)]
    async with scene.newsroom.storage.writing() as tx:
        await add_admin(tx, 901)
    await dies(scene)

    await replace(publishing, admins=frozenset({900})).notices()

    assert await sent(scene) == [ours, appointed]
    assert (await scene.newsroom.texts())[0] == (
        "Dead Times has been taken down for good, so I no longer read it. "
        "It is one of the sources that you manage.\n\n"
        "If its news has a new address: /sources add and that address."
    )


async def test_an_admin_who_depends_on_the_source_gets_the_readers_notice_only(scene, publishing):
    reader = await scene.reader(900)
    await scene.news(given=1, others=0)
    await dies(scene)

    await replace(publishing, admins=frozenset({900})).notices()

    assert await sent(scene) == [reader]
    assert "that your topics found" in (await scene.newsroom.texts())[0]


async def test_a_silent_source_is_not_reported(scene, publishing, clock):
    await scene.newsroom.chat(900)
    silent = {"state": SourceState.ACTIVE, "error_since": clock.now - 8 * DAY, "failures": 9}
    await dies(scene, **silent, fetched_at=clock.now)
    await scene.newsroom.change(Source, scene.other, succeeded_at=clock.now - DAY)

    await replace(publishing, admins=frozenset({900})).notices()

    assert len(await scene.newsroom.all(Outage)) == 1
    assert await sent(scene) == []


async def test_a_crash_between_pages_sends_nothing_twice(publishing, scene, clock, monkeypatch):
    monkeypatch.setattr(notices, "CHATS_PER_PAGE", 1)
    chats = [await scene.reader(number) for number in range(3)]
    await scene.news(given=1, others=0)
    await dies(scene)

    with pytest.raises(SystemExit):
        await Stages(publishing.storage, _Crashing(at=3), "crashed").notices()
    assert await sent(scene) == chats[:2]
    clock.turn(notices.LEASE)
    await publishing.notices()

    assert await sent(scene) == chats


@dataclass(frozen=True)
class _Crashing(Renderer):
    """A renderer whose process is killed over one of its messages."""

    at: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def message(self, template: str, /, **values: Any) -> Message:
        if next(self.numbers) == self.at:
            raise SystemExit(template)
        return super().message(template, **values)
