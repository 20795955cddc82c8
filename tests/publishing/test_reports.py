"""Whether a story was reported to a chat, for every state of every message of its alert."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage.alerts import Alert
from storage.bundles import Bundle
from storage.chats import Chat
from storage.db.engine import Storage
from storage.editions import alerted_before
from storage.enums import DeliveryKind, DeliveryState, Medium, Mode
from storage.outbox import Delivery
from storage.reports import EarlierReports, first_mails, reported_before
from storage.subscriptions import Subscription
from tests.conftest import TurnedClock
from tests.publishing.newsroom import Newsroom
from tests.publishing.stages import Stages

HOUR = timedelta(hours=1)
DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)  # 08:00 in Tokyo
REPORTED = {
    DeliveryState.PENDING: True,
    DeliveryState.QUEUED: True,
    DeliveryState.SUSPENDED: False,
    DeliveryState.CLAIMED: True,
    DeliveryState.SENDING: True,
    DeliveryState.SENT: True,
    DeliveryState.UNKNOWN: True,
    DeliveryState.HELD: False,
    DeliveryState.FAILED: False,
    DeliveryState.EXPIRED: False,
    DeliveryState.DROPPED: False,
}
ANY_STATE = pytest.mark.parametrize("state", DeliveryState)
KIND = pytest.mark.parametrize("kind", [DeliveryKind.ALERT, DeliveryKind.BUNDLE])


class Outbox:
    """A chat that is alerted to the first story, and the messages of the alert."""

    def __init__(self, storage: Storage, clock: TurnedClock) -> None:
        self.storage = storage
        self.clock = clock
        self.newsroom = Newsroom(storage)

    async def alert(self, kind: DeliveryKind, *, released: bool = True) -> None:
        await self.newsroom.source()
        query = await self.newsroom.query("words")
        await self.newsroom.reader(query, mode=Mode.BOTH)
        self.clock.turn(timedelta(minutes=1))
        await self.newsroom.article("News", query, source_id=1)
        async with self.storage.writing() as tx:
            if kind is DeliveryKind.BUNDLE:
                released_at = tx.now if released else None
                await tx.add(
                    Bundle(chat_id=1, release_at=tx.now, is_quiet=False, released_at=released_at)
                )
            bundle_id = 1 if kind is DeliveryKind.BUNDLE else None
            await tx.add(
                Alert(chat_id=1, story_id=1, article_id=1, made_at=tx.now, bundle_id=bundle_id)
            )

    async def message(self, kind: DeliveryKind, state: DeliveryState, **more: Any) -> None:
        named: dict[str, Any] = {"alert_id": 1} if kind is DeliveryKind.ALERT else {"bundle_id": 1}
        if kind is DeliveryKind.EDIT:
            named = {"target_id": 1, "version": 1}
        async with self.storage.writing() as tx:
            row: dict[str, Any] = {
                "kind": kind,
                "medium": Medium.TELEGRAM,
                "chat_id": 1,
                "priority": kind.priority,
                "state": state,
                "body": {},
                "created_at": tx.now,
                "due_at": tx.now,
            }
            await tx.add(Delivery(**(row | named | more)))

    async def is_reported(self) -> bool:
        async with self.storage.reading() as tx:
            return bool((await alerted_before(tx, {1: {1}}))[1])


@pytest.fixture
def outbox(storage: Storage, clock: TurnedClock) -> Outbox:
    return Outbox(storage, clock)


def test_every_delivery_state_has_a_case():
    assert set(REPORTED) == set(DeliveryState)


@ANY_STATE
@KIND
async def test_a_story_is_reported_once_its_message_arrives_or_is_on_its_way(outbox, kind, state):
    await outbox.alert(kind)
    await outbox.message(kind, state)

    assert await outbox.is_reported() is REPORTED[state]


@ANY_STATE
async def test_an_edit_does_not_change_whether_a_story_is_reported(outbox, state):
    await outbox.alert(DeliveryKind.ALERT)
    await outbox.message(DeliveryKind.ALERT, DeliveryState.SENT)
    await outbox.message(DeliveryKind.EDIT, state)

    assert await outbox.is_reported()


@ANY_STATE
async def test_a_bundle_is_reported_once_all_of_its_parts_are(outbox, state):
    await outbox.alert(DeliveryKind.BUNDLE)
    await outbox.message(DeliveryKind.BUNDLE, DeliveryState.SENT)
    await outbox.message(DeliveryKind.BUNDLE, state, part=2)

    assert await outbox.is_reported() is REPORTED[state]


@ANY_STATE
@KIND
async def test_a_story_is_reported_by_either_medium(outbox, kind, state):
    await outbox.alert(kind)
    await outbox.message(kind, DeliveryState.HELD)
    await outbox.message(kind, state, medium=Medium.EMAIL)

    assert await outbox.is_reported() is REPORTED[state]


async def test_an_alert_that_waits_in_a_bundle_is_not_reported(outbox):
    await outbox.alert(DeliveryKind.BUNDLE, released=False)

    assert not await outbox.is_reported()


@KIND
async def test_an_alert_whose_messages_were_deleted_by_age_was_reported(outbox, kind):
    await outbox.alert(kind)

    assert await outbox.is_reported()


@ANY_STATE
@KIND
async def test_the_next_chapter_replies_to_a_reported_message(outbox, kind, state):
    await outbox.alert(kind)
    await outbox.message(kind, state)
    async with outbox.storage.reading() as tx:
        found = await reported_before(tx, {(1, 2): 1}, tx.now - HOUR)

    assert found == ({(1, 2): EarlierReports(1, 1)} if REPORTED[state] else {})


async def test_the_next_chapter_replies_to_no_message_that_never_arrived(outbox):
    await outbox.alert(DeliveryKind.ALERT)
    await outbox.message(DeliveryKind.ALERT, DeliveryState.HELD)
    await outbox.message(DeliveryKind.ALERT, DeliveryState.SENT, medium=Medium.EMAIL)
    async with outbox.storage.reading() as tx:
        found = await reported_before(tx, {(1, 2): 1}, tx.now - HOUR)

    assert found == {(1, 2): EarlierReports(1, None)}


@ANY_STATE
@KIND
async def test_a_mail_follows_the_first_mail_of_its_chain(outbox, kind, state):
    await outbox.alert(kind)
    await outbox.message(kind, state, medium=Medium.EMAIL)
    async with outbox.storage.reading() as tx:
        found = await first_mails(tx, {(1, 2): 1}, tx.now - HOUR)

    assert bool(found) is REPORTED[state]


@ANY_STATE
@KIND
async def test_a_digest_lists_unreported_stories_as_news(outbox, kind, state):
    await outbox.alert(kind)
    await outbox.message(kind, state)
    text = await _digest(outbox)

    assert ("Alerted earlier" in text) is REPORTED[state]
    assert ("Words · 1 story" in text) is not REPORTED[state]


@ANY_STATE
@KIND
async def test_a_digest_lists_missed_alerts_that_were_not_reported(outbox, kind, state):
    await outbox.alert(kind)
    await outbox.message(kind, state)
    await outbox.newsroom.change(Subscription, 1, mode=Mode.INSTANT)
    other = await outbox.newsroom.query("other")
    await outbox.newsroom.subscribe(1, other, "Other", Mode.DIGEST)
    away = {"away_from": outbox.clock.now - HOUR, "away_until": outbox.clock.now + HOUR}
    await outbox.newsroom.change(Chat, 1, **away)
    text = await _digest(outbox)

    assert ("• News" in text) is not REPORTED[state]


async def _digest(outbox: Outbox) -> str:
    outbox.clock.now = DUE
    await outbox.newsroom.change(Chat, 1, next_digest_at=DUE)
    stages = Stages(outbox.storage)
    await stages.digests()
    rows = await outbox.newsroom.all(Delivery, kind=DeliveryKind.EDITION)
    return "\n".join(row.body["text"] for row in rows)
