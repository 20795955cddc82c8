"""What users see when Telegram refuses a reply or drops the connection."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiogram import Bot
from aiogram.types import Chat, Message, Update
from structlog.testing import capture_logs

from bot.chat.updates import UpdateQueue
from bot.delivery.replies import Replies
from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import Telegram
from bot.subscribers import users
from bot.telegram import is_late
from tests.bot_api import PlainSession
from tests.chat.conftest import BOT_NAME, House, Talk
from tests.conftest import MONDAY_NOON, TurnedClock
from tests.delivery.conftest import PACE_KEY, TurnedTimer, send_all
from tests.local_playground import LocalPlayground

SECOND = timedelta(seconds=1)
UNANSWERED = "I could not answer everything here in time. Please ask again."
WRONG = "Something went wrong"


@pytest.fixture
async def playground(seconds):
    async with LocalPlayground(flood="normal", clock=seconds) as opened:
        yield opened


@pytest.fixture
async def paced(house, clock):
    """Return the house with paced replies, whose waits turn the clock."""
    house.bot.session.middleware(Replies(house.storage, PACE_KEY, timer=TurnedTimer(clock)))
    return house


async def deliver(house: House, clock: TurnedClock) -> None:
    """Send all deliveries of the outbox."""
    session = PlainSession(house.playground.base_url)
    async with (
        Bot("1:playground", session=session) as bot,
        Calls(timer=TurnedTimer(clock)) as calls,
    ):
        await send_all(SendStage(house.storage, Telegram(bot), "sender", calls, PACE_KEY))


def texts(talk: Talk) -> list[str]:
    return [message["text"] for message in talk.all()]


async def test_a_command_every_second_stays_within_the_pace_of_a_group(
    paced, ann, group, clock, playground
):
    for _ in range(40):
        clock.turn(SECOND)
        topics = await group.says(f"/topics{BOT_NAME}", from_id=ann.who.id)
        assert topics["text"].startswith("You haven't subscribed to anything yet.")

    sent = [call for call in playground.journal("sendMessage") if call["chat_id"] == group.who.id]
    moments = [call["at"] for call in sent]
    assert len(group.all()) == 41
    assert {call["status"] for call in sent} == {200}
    assert all(sum(one <= at < one + 60 for at in moments) <= 20 for one in moments)


@pytest.mark.parametrize("is_group", [True, False], ids=["a group", "a private chat"])
async def test_a_pause_silences_only_its_chat_and_ends_with_one_apology(
    paced, ann, group, clock, playground, is_group
):
    paused = group if is_group else ann
    facts = {"from_id": ann.who.id} if is_group else {}
    settings = await paused.says(f"/settings{BOT_NAME}", **facts)
    before = len(texts(paused))
    playground.inject("429", method="sendMessage", chat_id=paused.who.id, retry_after=60)

    with capture_logs() as logged:
        for words in ("/help", "/topics", "/schedule"):
            playground.send(paused.who, f"{words}{BOT_NAME}", **facts)
        toast = await paused.presses_quietly(settings, "Language", **facts)
        started_at = clock.now
        help_elsewhere = await paced.talk("Bob").says("/help")
        waited = clock.now - started_at
        await deliver(paced, clock)
        during_the_pause = texts(paused)[before:]
        clock.turn(60 * SECOND)
        await deliver(paced, clock)

    assert help_elsewhere["text"].startswith("Subscribe · type what you want")
    assert waited < SECOND
    assert during_the_pause == []
    assert toast == UNANSWERED
    assert texts(paused)[before:] == [UNANSWERED]
    assert playground.world.flood.inside_bans == []
    assert not [line for line in logged if line.get("exc_info") or line["log_level"] == "error"]
    paused.seen = paused.all()[-1]["version"]
    assert (await paused.says(f"/help{BOT_NAME}", **facts))["text"] != UNANSWERED


async def test_a_press_during_a_pause_is_answered_with_a_toast(paced, ann, clock, playground):
    settings = await ann.says("/settings")
    playground.inject("429", method="editMessageText", chat_id=ann.who.id, retry_after=60)

    toasts = [await ann.presses_quietly(settings, "Language") for _ in range(2)]

    assert toasts == [UNANSWERED, UNANSWERED]
    assert playground.world.flood.inside_bans == []


@pytest.mark.parametrize("fault", ["500", "502_html"])
async def test_a_reply_is_retried_after_a_server_error(paced, ann, playground, fault):
    playground.inject(fault, method="sendMessage")

    answered = await ann.says("/help")
    await ann.settled()

    assert texts(ann) == [answered["text"]]
    assert WRONG not in answered["text"]


@pytest.mark.parametrize("fault", ["500", "502_html"])
async def test_a_reply_is_sent_at_most_twice_without_an_apology(paced, ann, playground, fault):
    playground.inject(fault, when="after", method="sendMessage", chat_id=ann.who.id, times=5)

    await ann.says("/help")
    await ann.settled()

    assert len(texts(ann)) == 2
    assert not any(WRONG in text for text in texts(ann))


async def test_a_reset_after_the_send_causes_no_apology(paced, ann, playground):
    for method in ("sendMessage", "sendRichMessage"):
        playground.inject("reset", when="after", method=method, chat_id=ann.who.id)

    answered = await ann.says("/help")
    await ann.settled()

    assert texts(ann) == [answered["text"]]
    assert WRONG not in answered["text"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", ["500", "502_html", "reset"])
async def test_a_press_is_answered_once_and_changes_its_message(
    paced, ann, playground, fault, when
):
    settings = await ann.says("/settings")
    for method in ("answerCallbackQuery", "editMessageText"):
        playground.inject(fault, when=when, method=method)

    shown = await ann.presses(settings, "Language")
    await ann.settled()

    reply = [call for call in playground.journal("answerCallbackQuery") if call["applied"]]
    assert len(reply) == 1
    assert shown["message_id"] == settings["message_id"]
    assert len(ann.all()) == 1


async def test_a_press_whose_handler_fails_is_answered(paced, ann, playground, monkeypatch):
    settings = await ann.says("/settings")

    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(users, "identify", fail)
    await ann.presses_quietly(settings, "Language")

    assert (await ann.next())["text"].startswith(WRONG)


async def test_an_update_that_waited_too_long_is_handled_as_late():
    seen: list[tuple[int, bool]] = []

    class Dispatcher:
        async def feed_update(self, _bot: Bot, update: Update) -> None:
            seen.append((update.update_id, is_late.get()))

    nobody = Chat(id=1, type="private")
    said = [
        Update(update_id=n, message=Message(message_id=n, date=MONDAY_NOON, chat=nobody))
        for n in (1, 2)
    ]
    stopping = asyncio.Event()
    dispatcher: Any = Dispatcher()
    handling = UpdateQueue(Bot("1:playground"), dispatcher, late_seconds=-1)

    async with handling.open(stopping):
        for update in said:
            handling.start(update)
        stopping.set()

    assert seen == [(1, False), (2, True)]
