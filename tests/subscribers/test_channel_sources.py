"""Channels whose posts the bot receives: who may follow them, and what becomes of their posts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from bot.budgets import USUAL, Budgets
from bot.sources.channels.posts import PostPart, channel_url
from bot.sources.discovery.add import Addition, AddOutcome, SourceAdder
from bot.subscribers import channel_sources, own_feeds
from bot.subscribers.channel_sources import (
    channel_view,
    follow_channel,
    read_channel,
    revoke_reader,
    share_channel,
    stop_reading,
    store_post,
)
from bot.subscribers.errors import ChannelTaken, NoSuchChannel
from bot.subscribers.limits import Limits
from storage.access import AuditEvent
from storage.articles import Article
from storage.channel_sources import ChannelPost, ChannelReader, ChannelSource
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import ChannelSharing, ChatKind, ChatState, DeliveryKind, DeliveryState
from storage.feeds_followed import follow, source_followed
from storage.outbox import Delivery
from storage.retention import erase_chat
from storage.sources import Source
from storage.usage import Usage
from tests.conftest import TurnedClock
from tests.fake_fetcher import FakeFetcher
from tests.publishing.newsroom import Newsroom
from tests.sources.polled import rows_of

CHANNEL = -1_001_234_567_890
ANN, BEN = 7, 8
LIMITS = Limits(topics=10, feeds=5, alerts=10)


@pytest.fixture
async def ann(storage: Storage) -> int:
    return await Newsroom(storage).chat(ANN)


@pytest.fixture
async def ben(storage: Storage) -> int:
    return await Newsroom(storage).chat(BEN)


async def reading(
    storage: Storage, user_id: int = ANN, sharing: ChannelSharing = ChannelSharing.OWN
) -> int:
    return await read_channel(
        storage, user_id, CHANNEL, title="Desk", username="", sharing=sharing, limits=LIMITS
    )


def post_at(clock: TurnedClock, number: int = 1, **more: Any) -> PostPart:
    published = int(clock.now.timestamp())
    fields: dict[str, Any] = {"published": published, "text": f"Storm no. {number}"}
    return PostPart(CHANNEL, number, **fields | more)


async def deliver(
    storage: Storage,
    *posts: PostPart,
    title: str = "Desk",
    forwarded: tuple[int, int] | None = None,
    budgets: Budgets = USUAL,
) -> int:
    stored = [
        await store_post(storage, post, title=title, forwarded=forwarded, budgets=budgets)
        for post in posts
    ]
    return sum(stored)


async def texts(storage: Storage) -> list[str]:
    """Return the title of each article, and its text if it has one."""
    articles = await rows_of(storage, Article)
    return sorted("\n\n".join(filter(None, (each.title, each.text))) for each in articles)


async def only(storage: Storage, table: Any) -> Any:
    (row,) = await rows_of(storage, table)
    return row


async def is_following(storage: Storage, chat_id: int, source_id: int) -> bool:
    async with storage.reading() as tx:
        return await source_followed(tx, chat_id, source_id) is not None


# Who may follow


async def test_owner_follows_the_channel_that_they_allowed(storage: Storage, ann: int) -> None:
    source_id = await reading(storage)
    assert await is_following(storage, ann, source_id)
    assert await reading(storage) == source_id
    assert not (await only(storage, Source)).public


async def test_second_administrator_does_not_take_the_channel(
    storage: Storage, ann: int, ben: int
) -> None:
    await reading(storage)
    with pytest.raises(ChannelTaken):
        await reading(storage, BEN)


async def test_storage_refuses_a_follower_that_was_not_allowed(
    storage: Storage, ann: int, ben: int
) -> None:
    source_id = await reading(storage)
    async with storage.writing() as tx:
        assert not await follow(tx, ben, source_id)
    assert not await is_following(storage, ben, source_id)


class NeverFetches:
    async def for_account(self, url: str, /, *, room: int) -> Addition:  # noqa: ARG002
        return Addition(url, AddOutcome.THERE)


async def test_typed_address_of_the_source_does_not_follow_it(
    storage: Storage, ann: int, ben: int
) -> None:
    source_id = await reading(storage)
    done = await own_feeds.follow_feed(
        storage, ben, channel_url(CHANNEL), adder=NeverFetches(), limits=LIMITS
    )
    assert done.outcome is own_feeds.FeedAddition.REFUSED
    assert not await is_following(storage, ben, source_id)


@pytest.mark.parametrize("public", [True, False], ids=["by an admin", "by a user"])
async def test_address_of_the_source_is_never_fetched(
    storage: Storage, ann: int, *, public: bool
) -> None:
    await reading(storage)
    fetcher, no_reader = FakeFetcher(), cast("Any", None)
    adder = SourceAdder(storage, fetcher, no_reader, public=public)
    added = await adder.add(channel_url(CHANNEL))
    assert added.problem
    assert added.problem.code == "not_allowed"
    assert fetcher.urls == []
    assert not (await only(storage, Source)).public


async def test_chat_follows_by_the_link_until_it_is_revoked(
    storage: Storage, ann: int, ben: int
) -> None:
    source_id = await reading(storage, sharing=ChannelSharing.LINK)
    token = (await channel_view(storage, source_id, ANN)).token
    await follow_channel(storage, ben, token, limits=LIMITS)
    view = await channel_view(storage, source_id, ANN)
    assert [(reader.chat.id, reader.is_following) for reader in view.readers] == [(ben, True)]
    assert (view.is_owner, (await channel_view(storage, source_id, BEN)).is_owner) == (True, False)

    await revoke_reader(storage, source_id, ben)

    assert not await is_following(storage, ben, source_id)
    with pytest.raises(NoSuchChannel):
        await follow_channel(storage, ben, token, limits=LIMITS)


async def test_narrowing_revokes_all_but_the_owner(storage: Storage, ann: int, ben: int) -> None:
    source_id = await reading(storage, sharing=ChannelSharing.LINK)
    token = (await channel_view(storage, source_id, ANN)).token
    await follow_channel(storage, ben, token, limits=LIMITS)
    await share_channel(storage, source_id, ChannelSharing.OWN, by=ANN, is_admin=False)
    assert await is_following(storage, ann, source_id)
    assert not await is_following(storage, ben, source_id)
    assert await rows_of(storage, ChannelReader) == []


async def test_only_an_admin_of_the_bot_opens_a_channel_to_everybody(
    storage: Storage, ann: int
) -> None:
    source_id = await reading(storage)
    everybody = ChannelSharing.EVERYBODY
    with pytest.raises(NoSuchChannel):
        await share_channel(storage, source_id, everybody, by=ANN, is_admin=False)
    await share_channel(storage, source_id, everybody, by=ANN, is_admin=True)
    source = await only(storage, Source)
    assert (source.public, source.state) == (True, "passive")
    with pytest.raises(NoSuchChannel):
        await share_channel(storage, source_id, ChannelSharing.OWN, by=ANN, is_admin=False)
    await share_channel(storage, source_id, ChannelSharing.OWN, by=ANN, is_admin=True)
    assert not (await only(storage, Source)).public
    actions = [event.action for event in await rows_of(storage, AuditEvent)]
    assert actions == ["source add", "source remove"]


async def test_stopped_channel_is_read_no_more(
    storage: Storage, ann: int, clock: TurnedClock
) -> None:
    source_id = await reading(storage)
    await stop_reading(storage, source_id)
    assert await deliver(storage, post_at(clock)) == 0
    assert not await is_following(storage, ann, source_id)
    assert await reading(storage) == source_id  # its row is not deleted yet
    assert await deliver(storage, post_at(clock)) == 1


async def test_erasing_the_owner_ends_the_channel_for_all(
    storage: Storage, ann: int, ben: int, clock: TurnedClock
) -> None:
    source_id = await reading(storage, sharing=ChannelSharing.LINK)
    token = (await channel_view(storage, source_id, ANN)).token
    await follow_channel(storage, ben, token, limits=LIMITS)
    async with storage.writing() as tx:
        await erase_chat(tx, ann)
    assert await deliver(storage, post_at(clock)) == 0
    assert await rows_of(storage, ChannelSource) == []
    assert not await is_following(storage, ben, source_id)


async def test_erasing_the_channel_ends_its_source(
    storage: Storage, ann: int, clock: TurnedClock
) -> None:
    await reading(storage)
    channel_row = await Newsroom(storage).chat(CHANNEL, kind=ChatKind.CHANNEL)
    async with storage.writing() as tx:
        await erase_chat(tx, channel_row)
    assert await deliver(storage, post_at(clock)) == 0
    assert await rows_of(storage, ChannelSource) == []


# Posts


async def test_post_of_an_unknown_channel_is_ignored(storage: Storage, clock: TurnedClock) -> None:
    assert await deliver(storage, post_at(clock)) == 0
    assert await rows_of(storage, Article) == []


async def test_post_from_before_the_permission_is_ignored(
    storage: Storage, ann: int, clock: TurnedClock
) -> None:
    old = post_at(clock)
    clock.turn(timedelta(minutes=1))
    await reading(storage)
    edit = replace(old, edited=old.published + 99, text="Edited")
    assert await deliver(storage, old, edit) == 0
    assert await deliver(storage, post_at(clock, 2)) == 1
    assert await texts(storage) == ["Storm no. 2"]


async def test_late_post_does_not_undo_its_edit(
    storage: Storage, ann: int, clock: TurnedClock
) -> None:
    await reading(storage)
    post = post_at(clock)
    edits = [replace(post, edited=post.published + n, text=f"Edit {n}") for n in (1, 2)]
    await deliver(storage, edits[1], post, edits[0], edits[1])
    assert await texts(storage) == ["Edit 2"]


async def test_album_that_arrives_in_parts_is_one_entry(
    storage: Storage, ann: int, clock: TurnedClock
) -> None:
    await reading(storage)
    album = [post_at(clock, n, album="7", text=text) for n, text in enumerate(("", "A", "B"), 1)]
    assert await deliver(storage, *album, *album) == 1
    assert await texts(storage) == ["A\n\nB"]
    article = await only(storage, Article)
    assert article.url.endswith("/2")
    await deliver(storage, replace(album[2], text="C", edited=album[2].published + 5))
    assert await texts(storage) == ["A\n\nC"]


async def test_new_title_and_username_are_followed(
    storage: Storage, ann: int, clock: TurnedClock
) -> None:
    await reading(storage)
    await deliver(storage, post_at(clock, username="desk"), title="News desk")
    assert (await only(storage, Source)).title == "News desk"
    assert (await only(storage, ChannelSource)).username == "desk"
    assert (await only(storage, Article)).url == "https://t.me/desk/1"


@pytest.mark.parametrize("state", [ChatState.BANNED, ChatState.NO_ACCESS])
async def test_channel_of_an_owner_without_access_is_ignored(
    storage: Storage, ann: int, clock: TurnedClock, state: ChatState
) -> None:
    await reading(storage)
    async with storage.writing() as tx:
        (await tx.get_one(Chat, ann)).state = state
    assert await deliver(storage, post_at(clock)) == 0


async def test_owner_pays_for_a_flood_and_followers_do_not(
    storage: Storage, ann: int, ben: int, clock: TurnedClock
) -> None:
    source_id = await reading(storage, sharing=ChannelSharing.LINK)
    token = (await channel_view(storage, source_id, ANN)).token
    await follow_channel(storage, ben, token, limits=LIMITS)
    posts = [post_at(clock, n, edited=n + 2**31, album=str(n)) for n in range(1, 30)]
    assert await deliver(storage, *posts, budgets=Budgets(entries=3)) == 3
    usage = await only(storage, Usage)
    assert usage.chat_id == ann
    assert (await only(storage, Source)).error == "over_budget"
    assert len(await rows_of(storage, ChannelPost)) == 3  # a flood beyond the budget stores nothing


async def test_membership_is_shown_in_the_health(
    storage: Storage, ann: int, clock: TurnedClock
) -> None:
    await reading(storage)
    await channel_sources.change_membership(storage, CHANNEL, is_member=False)
    source = await only(storage, Source)
    assert (source.error, source.last_error) == ("not_a_member", "not_a_member")
    await channel_sources.change_membership(storage, CHANNEL, is_member=True)
    assert (await only(storage, Source)).error is None
    assert await deliver(storage, post_at(clock)) == 1


# The bot's own messages


async def own_message(storage: Storage, **more: Any) -> None:
    chat_id = await Newsroom(storage).chat(CHANNEL, kind=ChatKind.CHANNEL)
    async with storage.writing() as tx:
        values: dict[str, Any] = {"chat_id": chat_id, "kind": DeliveryKind.NOTICE, "notice": "x"}
        values |= {"body": {"text": "Your digest"}, "priority": 1, "attempts": 1}
        await tx.add(Delivery(due_at=tx.now, created_at=tx.now, **values | more))


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"message_id": 1, "state": DeliveryState.SENT}, id="sent"),
        pytest.param({"state": DeliveryState.SENDING}, id="not confirmed yet"),
        pytest.param({"state": DeliveryState.HELD}, id="with an unknown outcome"),
    ],
)
async def test_own_digest_in_the_channel_is_no_entry(
    storage: Storage, ann: int, clock: TurnedClock, sent: dict[str, Any]
) -> None:
    await reading(storage)
    await own_message(storage, **sent)
    assert await deliver(storage, post_at(clock, text="Your digest")) == 0
    assert await deliver(storage, post_at(clock, 2, text="Another text")) == 1


async def test_forward_of_an_own_digest_is_no_entry(
    storage: Storage, ann: int, clock: TurnedClock
) -> None:
    await reading(storage)
    await own_message(storage, message_id=55, state=DeliveryState.SENT)
    assert await deliver(storage, post_at(clock), forwarded=(CHANNEL, 55)) == 0
    assert await deliver(storage, post_at(clock), forwarded=(CHANNEL, 56)) == 1
