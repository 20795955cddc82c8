"""Chats whose user lost access get nothing, and get everything again when access returns."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.subscribers.access import Access, ban_user, follow_access
from storage.alerts import Alert
from storage.editions import Edition
from storage.enums import ChatKind, DigestMedium, MailboxState, Mode
from storage.mailboxes import Mailbox
from storage.outbox import claim_deliveries, claim_mails

ANN, BOB, GROUP = 7, 8, -100
LISTED = Access(is_open=False, allowed=frozenset({ANN, BOB}))
WITHOUT_ANN = Access(is_open=False, allowed=frozenset({BOB}))
DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)
LEASE = timedelta(minutes=1)
GROUP_OF_ANN = {"kind": ChatKind.SUPERGROUP, "invited_by": ANN}

PLACES = pytest.mark.parametrize(
    ("telegram_id", "facts"),
    [pytest.param(ANN, {}, id="private"), pytest.param(GROUP, GROUP_OF_ANN, id="a group")],
)


@pytest.fixture
def claimed(storage):
    async def claim() -> list[int]:
        """Return the chats of all messages and mails that are sent now."""
        async with storage.writing() as tx:
            sent = await claim_deliveries(tx, "us", limit=9, lease=LEASE)
            mailed = await claim_mails(tx, "us", limit=9, lease=LEASE)
            rows = [each.delivery for each in sent] + [each.delivery for each in mailed]
            return [row.chat_id for row in rows]

    return claim


async def remove_ann(storage, how: str) -> None:
    if how == "banned":
        await ban_user(storage, ANN, access=LISTED)
    else:
        await follow_access(storage, access=WITHOUT_ANN)


REMOVED = pytest.mark.parametrize("how", ["taken off the list", "banned"])


@PLACES
@REMOVED
async def test_no_alert_is_made_and_none_is_sent(
    storage, newsroom, publishing, claimed, clock, telegram_id, facts, how
):
    source, query = await newsroom.source(), await newsroom.query("words")
    anns = await newsroom.reader(query, telegram_id, **facts)
    bobs = await newsroom.reader(query, BOB)
    clock.turn(LEASE)
    await newsroom.article("Before", query, source_id=source)
    await publishing.alerts()

    await remove_ann(storage, how)
    await newsroom.article("After", query, source_id=source)
    await publishing.alerts()

    assert [row.chat_id for row in await newsroom.all(Alert)].count(anns) == 1
    assert await claimed() == [bobs]


@PLACES
@REMOVED
@pytest.mark.parametrize("medium", DigestMedium)
async def test_no_digest_is_made(
    storage, newsroom, publishing, clock, telegram_id, facts, how, medium
):
    source, query = await newsroom.source(), await newsroom.query("words")
    for each, more in ((telegram_id, facts), (BOB, {})):
        digest = {"mode": Mode.DIGEST, "next_digest_at": DUE, "digest_by": medium}
        chat_id = await newsroom.reader(query, each, **digest, **more)
        async with storage.writing() as tx:
            times = {"state_since": tx.now, "created_at": tx.now, "asked_at": tx.now}
            box = Mailbox(chat_id=chat_id, address=f"{chat_id}@example.org", **times)
            box.state = MailboxState.ACTIVE
            await tx.add(box)
    await newsroom.article("A headline", query, source_id=source)
    clock.now = DUE

    await remove_ann(storage, how)
    await publishing.digests()

    assert [row.chat_id for row in await newsroom.all(Edition)] == [chat_id]


async def test_waiting_messages_are_sent_once_the_user_is_back(
    storage, newsroom, publishing, claimed, clock
):
    source, query = await newsroom.source(), await newsroom.query("words")
    anns = await newsroom.reader(query, ANN)
    clock.turn(LEASE)
    await newsroom.article("Before", query, source_id=source)
    await publishing.alerts()
    await follow_access(storage, access=WITHOUT_ANN)
    while_away = await claimed()

    await follow_access(storage, access=LISTED)

    assert while_away == []
    assert await claimed() == [anns]
