"""Mails that may have arrived, and servers that are away; on both databases."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.mail.smtp import LIMITS
from storage.enums import DeliveryState
from storage.outbox import begin_sending, claim_mails, record_results
from tests.database_errors import LosingTimes
from tests.mail.mailed import mail_all, subjects
from tests.mail.relay import HANG_UP, HANG_UP_AFTER

pytestmark = pytest.mark.slow

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("fault", "copies"),
    [
        pytest.param(HANG_UP, 1, id="it had not arrived"),
        pytest.param(HANG_UP_AFTER, 2, id="it had arrived"),
    ],
)
async def test_a_mail_that_may_have_arrived_is_sent_once_more_and_is_one_to_its_reader(
    mailing, mails, outbox, server, clock, fault, copies
):
    delivery = await mails.put(await mails.mailbox())
    server.data.append(fault)

    await mail_all(mailing)
    unknown = await outbox.get(delivery)
    clock.turn(5 * SECOND)
    await mail_all(mailing)

    assert unknown.state is DeliveryState.UNKNOWN
    assert await outbox.states(delivery) == [DeliveryState.SENT]
    assert len(server.mails) == copies
    assert len({taken.message["Message-ID"] for taken in server.mails}) == 1
    assert len({taken.content for taken in server.mails}) == 1


async def test_a_mail_with_two_unknown_outcomes_is_held(mailing, mails, outbox, server, clock):
    delivery = await mails.put(await mails.mailbox())
    server.data += [HANG_UP_AFTER, HANG_UP_AFTER]

    for _ in range(5):
        await mail_all(mailing)
        clock.turn(5 * SECOND)

    assert await outbox.states(delivery) == [DeliveryState.HELD]
    assert len(server.mails) == 2


async def test_mails_wait_while_the_server_is_away(mailing, mails, outbox, server, clock):
    first = await mails.put(await mails.mailbox(1), "first")
    await server.close()
    await mail_all(mailing)
    clock.turn(HOUR)
    await mail_all(mailing)
    assert await outbox.states(first) == [DeliveryState.PENDING]

    await server.open()
    clock.turn(HOUR)
    await mail_all(mailing)

    assert subjects(server) == ["first"]


async def test_a_421_to_the_greeting_pauses_all_mails(mailing, mails, outbox, server, clock):
    await mails.put(await mails.mailbox(1), "first")
    server.greeting.append("421 4.7.0 slow down")
    await mail_all(mailing)
    await mails.put(await mails.mailbox(2), "second")

    clock.turn(4 * 60 * SECOND)
    await mail_all(mailing)
    assert subjects(server) == []
    clock.turn(61 * SECOND)
    await mail_all(mailing)
    clock.turn(2 * SECOND)
    await mail_all(mailing)

    assert sorted(subjects(server)) == ["first", "second"]
    assert (await outbox.get(1)).attempts == 1


async def test_a_crash_sends_a_mail_once_more(mailing, mails, outbox, server, clock, storage):
    delivery = await mails.put(await mails.mailbox())
    async with storage.writing() as tx:
        await claim_mails(tx, "the dead", limit=1, lease=SECOND)
        await begin_sending(tx, [delivery], "the dead", LIMITS.call_lease)
    clock.turn(LIMITS.call_lease + SECOND)

    for _ in range(3):
        await mail_all(mailing)
        clock.turn(5 * SECOND)

    row = await outbox.get(delivery)
    assert (row.state, row.resent) == (DeliveryState.SENT, True)
    assert len(server.mails) == 1


async def test_a_server_that_is_away_is_asked_now_and_then(mailing, mails, server, clock):
    await mails.put(await mails.mailbox())
    await server.close()
    asked = []
    for _ in range(120):
        before = mailing.channel.smtp.asked
        await mail_all(mailing)
        asked.append(mailing.channel.smtp.asked - before)
        clock.turn(SECOND)

    assert 3 <= sum(asked) <= 6
    assert max(asked) == 1


async def test_a_response_is_stored_once_a_connection_lasts(
    mailing, mails, outbox, server, monkeypatch
):
    delivery = await mails.put(await mails.mailbox())
    monkeypatch.setattr("bot.delivery.responses.record_results", LosingTimes(record_results, 2))

    with capture_logs() as logs:
        await mail_all(mailing)

    assert await outbox.states(delivery) == [DeliveryState.SENT]
    assert subjects(server) == ["news"]
    assert {line["event"] for line in logs} == {"responses cannot be stored; trying again"}
