"""Who may use the page: those whom Telegram names, and who may use the bot."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.subscribers.access import Access
from storage.chats import Chat
from storage.suspension import ban

NAMES = ["state", "preview_query", "subscribe", "unsubscribe", "set_digest_times"]


async def chats(storage) -> list[Chat]:
    async with storage.reading() as tx:
        return list(await tx.session.exec(select(Chat)))


async def test_the_first_request_creates_the_chat(ann, storage):
    await ann.does("state")

    (chat,) = await chats(storage)
    assert (chat.telegram_id, chat.name, chat.language, chat.zone) == (7, "Ann", "ja", "Asia/Tokyo")


@pytest.mark.parametrize("name", NAMES)
async def test_a_request_without_launch_data_is_refused(ann, storage, name):
    ann.data = ""

    assert (
        await ann.is_refused(name)
        == "I can't tell who you are. Open this page again from the chat."
    )
    assert await chats(storage) == []


async def test_launch_data_of_another_bot_is_refused(ann):
    ann.data = ann.launched("1:other")

    assert (await ann.asks("state")).status == 401


async def test_launch_data_of_yesterday_is_refused_with_a_remedy(ann, clock):
    clock.turn(timedelta(hours=25))

    assert await ann.is_refused("state") == (
        "This page has been open for more than a day. Open it again from the chat."
    )


async def test_changes_are_limited_for_each_user_alone(ann, make_user, clock):
    answers = [await ann.asks("set_paused", paused=True) for _ in range(31)]
    assert [answer.status for answer in answers] == [200] * 30 + [429]
    assert answers[-1].headers["Retry-After"] == "3"

    assert (await make_user(8, "Ben").asks("state")).status == 200
    clock.turn(timedelta(seconds=3))
    assert (await ann.asks("state")).status == 200


class TestInAPrivateBot:
    @pytest.fixture
    def access(self) -> Access:
        return Access(is_open=False, allowed=frozenset({8}))

    async def test_an_unauthorized_user_gets_a_sentence_and_no_row(self, ann, storage):
        answer = await ann.asks("state")

        assert answer.status == 403
        assert "your number is 7." in (await answer.json())["error"]
        assert await chats(storage) == []

    async def test_a_user_on_the_list_is_allowed(self, make_user):
        assert (await make_user(8, "Ben").asks("state")).status == 200


async def test_a_banned_user_gets_a_sentence_and_may_do_nothing(ann, storage):
    await ann.does("state")
    async with storage.writing() as tx:
        await ban(tx, 7)

    assert "banned you" in await ann.is_refused("state")
    assert "banned you" in await ann.is_refused("set_paused", paused=True)


@pytest.mark.parametrize("name", NAMES)
async def test_get_requests_are_refused(client, name):
    assert (await client.get(f"/app/{name}")).status == 405
