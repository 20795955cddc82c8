"""Mails that a real server refuses: for good, for now, by policy; on both databases."""

from datetime import timedelta

import pytest

from storage.enums import DeliveryKind, DeliveryState, MailboxState
from tests.mail.mailed import mail_all, subjects

pytestmark = pytest.mark.slow

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


async def test_a_refusing_mailbox_is_reported_once(mailing, mails, outbox, server, bounces_noted):
    delivery = await mails.put(await mails.mailbox())
    server.rcpt.append("550 5.1.1 no such user")

    await mail_all(mailing)

    row = await outbox.get(delivery)
    assert bounces_noted.noted_refused == [(1, "550 5.1.1 no such user")]
    assert row.state is DeliveryState.SUSPENDED
    assert row.last_error == "550 5.1.1 no such user"


async def test_the_words_of_a_server_become_one_clean_line(mailing, mails, outbox, server):
    delivery = await mails.put(await mails.mailbox())
    server.rcpt.append("550-5.1.1 no such\0\r\n550 5.1.1 \x1buser")

    await mail_all(mailing)

    assert (await outbox.get(delivery)).last_error == "550 5.1.1 no such 5.1.1 user"


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        pytest.param("rcpt", "550 5.1.1 no such user", id="no such user"),
        pytest.param("rcpt", "421 4.7.0 closing", id="closes at this recipient"),
        pytest.param("mail", "421 4.7.0 closing", id="closes at this sender"),
    ],
)
async def test_one_refusing_mailbox_holds_up_no_other(mailing, mails, outbox, server, step, answer):
    refused = await mails.put(await mails.mailbox(1), "refused")
    await mails.put(await mails.mailbox(2), "taken")
    getattr(server, step).append(answer)

    await mail_all(mailing)
    mailing.calls.timer.clock.turn(2 * SECOND)
    await mail_all(mailing)

    assert subjects(server) == ["taken"]
    assert (await outbox.get(refused)).last_error == answer


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("450 4.2.0 later", id="later"),
        pytest.param("421 4.7.0 closing", id="closed"),
        pytest.param("552 5.2.2 mailbox full", id="a full mailbox"),
        pytest.param("550 5.7.1 by policy", id="policy"),
    ],
)
async def test_a_deferred_mail_is_tried_for_two_days(
    mailing, mails, outbox, server, clock, bounces_noted, answer
):
    delivery = await mails.put(await mails.mailbox())
    server.rcpt += [answer] * 40
    begun, tries = clock.now, 0

    while (await outbox.get(delivery)).state is DeliveryState.PENDING:
        clock.now = max(clock.now, (await outbox.get(delivery)).due_at) + SECOND
        await mail_all(mailing)
        tries += 1

    assert (await outbox.get(delivery)).state is DeliveryState.HELD
    assert 40 * HOUR < clock.now - begun < 56 * HOUR
    assert tries < 20
    assert bounces_noted.noted_given_up == [(1, answer)]
    assert bounces_noted.noted_refused == []


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        pytest.param("rcpt", "550 5.1.1 no such user", id="no such user"),
        pytest.param("rcpt", "552 5.2.2 mailbox full", id="a full mailbox"),
        pytest.param("rcpt", "552 mailbox full", id="a full mailbox without a status"),
        pytest.param("rcpt", "550 5.7.1 by policy", id="policy"),
        pytest.param("data", "552 5.3.4 too large", id="too large"),
        pytest.param("data", "554 we do not like it", id="the content"),
    ],
)
async def test_a_confirmation_that_is_refused_is_not_tried_again(
    mailing, mails, outbox, server, bounces_noted, step, answer
):
    mailbox = await mails.mailbox(state=MailboxState.UNCONFIRMED)
    delivery = await mails.put(mailbox, kind=DeliveryKind.NOTICE)
    getattr(server, step).append(answer)

    await mail_all(mailing)

    assert bounces_noted.noted_refused == [(1, answer)]
    assert await outbox.states(delivery) == [DeliveryState.SUSPENDED]


async def test_a_deferred_confirmation_waits(mailing, mails, outbox, server, bounces_noted):
    mailbox = await mails.mailbox(state=MailboxState.UNCONFIRMED)
    delivery = await mails.put(mailbox, kind=DeliveryKind.NOTICE)
    server.rcpt.append("450 4.2.0 greylisted")

    await mail_all(mailing)

    assert bounces_noted.noted_refused == []
    assert await outbox.states(delivery) == [DeliveryState.PENDING]


async def test_refused_content_fails_and_is_not_sent_again(mailing, mails, outbox, server):
    delivery = await mails.put(await mails.mailbox())
    server.data.append("554 5.6.0 we do not like it")

    await mail_all(mailing)

    assert await outbox.states(delivery) == [DeliveryState.FAILED]


async def test_a_body_that_cannot_be_read_fails_alone(mailing, mails, outbox, server):
    mailbox = await mails.mailbox()
    delivery = await mails.put(mailbox)
    await outbox.set(delivery, body={"text": "of another version"})

    await mail_all(mailing)

    row = await outbox.get(delivery)
    assert (row.state, row.last_error) == (DeliveryState.FAILED, "the stored body cannot be read")
