"""The mail stage with a real server, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from storage.enums import ChatState, DeliveryKind, DeliveryState, MailboxState, Medium
from storage.outbox import CallResult, begin_sending, claim_mails, lock_queues, record_results
from storage.states import Event
from tests.delivery.conftest import FakeObserver
from tests.mail.mailed import mail_all, subjects

pytestmark = pytest.mark.slow

SECOND = timedelta(seconds=1)


async def test_a_due_mail_is_sent_and_recorded(mailing, mails, outbox, server):
    delivery = await mails.put(await mails.mailbox())

    await mail_all(mailing)

    (taken,) = server.mails
    row = await outbox.get(delivery)
    assert (taken.sender, taken.recipient) == ("back+1@dateline.example", "reader1@example.org")
    assert (row.state, row.attempts, row.last_error) == (DeliveryState.SENT, 1, None)


async def test_telegram_messages_are_left_alone(mailing, mails, outbox, server):
    mailbox = await mails.mailbox()
    message = await outbox.add(mailbox.chat_id, "for Telegram")

    await mail_all(mailing)

    assert server.mails == []
    assert await outbox.states(message) == [DeliveryState.PENDING]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_response_waits_for_no_queue(storage, mails):
    """Mails keep no order among chats, so the lock of that order delays no response."""
    delivery = await mails.put(await mails.mailbox())
    async with storage.writing() as tx:
        await claim_mails(tx, "me", limit=1, lease=SECOND)
        await begin_sending(tx, [delivery], "me", SECOND)

    async with storage.writing() as other:
        await lock_queues(other)
        async with storage.writing() as tx:
            await tx.session.exec(text("SET LOCAL lock_timeout = '1s'"))
            ours = await record_results(
                tx, "me", {delivery: CallResult(Event.ACCEPTED)}, medium=Medium.EMAIL
            )

    assert ours == {delivery}


@pytest.mark.parametrize(
    ("state", "kinds"),
    [
        pytest.param(MailboxState.ACTIVE, ["confirm", "digest"], id="active"),
        pytest.param(MailboxState.UNCONFIRMED, ["confirm"], id="unconfirmed"),
        pytest.param(MailboxState.SUSPENDED, [], id="suspended"),
        pytest.param(MailboxState.UNSUBSCRIBED, [], id="unsubscribed"),
    ],
)
async def test_the_state_of_a_mailbox_decides_its_mails(mailing, mails, server, state, kinds):
    mailbox = await mails.mailbox(state=state)
    await mails.put(mailbox, "digest")
    await mails.put(mailbox, "confirm", DeliveryKind.NOTICE)

    await mail_all(mailing)

    assert subjects(server) == kinds


@pytest.mark.parametrize(
    ("state", "number"),
    [
        pytest.param(ChatState.BLOCKED, 1, id="a chat that blocks the bot still reads mail"),
        pytest.param(ChatState.PAUSED, 0, id="a pause is meant for both"),
    ],
)
async def test_the_state_of_a_chat_decides_its_mails(mailing, mails, server, state, number):
    await mails.put(await mails.mailbox(state=MailboxState.ACTIVE, chat_state=state))

    await mail_all(mailing)

    assert len(server.mails) == number


async def test_mails_of_one_mailbox_go_one_after_the_other(mailing, mails, server):
    mailbox = await mails.mailbox()
    for number in range(4):
        await mails.put(mailbox, f"{number}")

    await mail_all(mailing)

    assert subjects(server) == ["0", "1", "2", "3"]


async def test_mails_go_at_the_pace_of_the_hour(mailing, mails, clock):
    for number in range(1, 13):
        await mails.put(await mails.mailbox(number))
    started = clock.now

    for _ in range(20):
        await mail_all(mailing)
        clock.turn(SECOND)

    states = {row.state for row in [await mails.outbox.get(each) for each in range(1, 13)]}
    assert states == {DeliveryState.SENT}
    assert clock.now - started >= 11 * SECOND


async def test_observers_see_no_address(mailing, mails, server):
    watcher = FakeObserver()
    mailing.instrumentation.add(watcher)
    server.rcpt.append("550 no such user")
    await mails.put(await mails.mailbox())

    await mail_all(mailing)

    assert watcher.outcomes == [("email", "mailbox_refused")]
    assert "reader1" not in f"{watcher.seen}"
