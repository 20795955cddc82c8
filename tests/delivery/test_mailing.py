"""The mailing step with a real server, on both databases."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.delivery.calls import Calls
from bot.delivery.mailing import CALL_LEASE, Franking, Mailing
from bot.delivery.smtp import Smtp
from bot.rendering.mail import Mail
from storage.deliveries import WHEN_IT_COMES_BACK
from storage.deliveries_claimed import begin_sending
from storage.mailboxes import Mailbox
from storage.mails_claimed import claim_mails
from storage.words import (
    ChatState,
    DeliveryKind,
    DeliveryState,
    MailboxState,
    Medium,
)
from tests.delivery.conftest import TurnedTimer
from tests.delivery.relay import HANG_UP, HANG_UP_AFTER, FakeRelay, open_relay

if TYPE_CHECKING:
    from storage.engine import Storage, Unit
    from tests.delivery.conftest import Outbox

PER_HOUR = 3600
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Post:
    """What tests put out to be mailed."""

    outbox: Outbox
    storage: Storage

    async def mailbox(
        self,
        number: int = 1,
        state: MailboxState = MailboxState.ACTIVE,
        chat_state: ChatState = ChatState.ACTIVE,
    ) -> Mailbox:
        chat_id = await self.outbox.chat(number, state=chat_state)
        async with self.storage.writing() as unit:
            mailbox = Mailbox(
                chat_id=chat_id,
                address=f"reader{number}@example.org",
                state=state,
                state_since=unit.now,
                created_at=unit.now,
                asked_at=unit.now,
            )
            unit.session.add(mailbox)
        return mailbox

    async def put(
        self, mailbox: Mailbox, text: str = "news", kind: DeliveryKind = DeliveryKind.EDITION
    ) -> int:
        key = f"{mailbox.id}.{self.outbox.count}"
        headers = (("Message-ID", f"<{key}@dateline.example>"), ("To", mailbox.address))
        return await self.outbox.add(
            mailbox.chat_id,
            kind=kind,
            medium=Medium.EMAIL,
            mailbox_id=mailbox.id,
            body=Mail(mailbox.address, text, text, f"<p>{text}</p>", headers).to_json(),
        )


@dataclass
class Refusals:
    told: list[tuple[int, str]] = field(default_factory=list)
    mistrust: list[tuple[int, str]] = field(default_factory=list)

    async def refused(self, _unit: Unit, mailbox_id: int, reason: str) -> None:
        self.told.append((mailbox_id, reason))

    async def mistrusted(self, _unit: Unit, mailbox_id: int, reason: str) -> None:
        self.mistrust.append((mailbox_id, reason))


@dataclass(eq=False)
class CountedSmtp(Smtp):
    asked: int = 0

    async def answers(self) -> bool:
        self.asked += 1
        return await super().answers()


@pytest.fixture
async def server():
    async with open_relay() as opened:
        yield opened


@pytest.fixture
def post(outbox, storage) -> Post:
    return Post(outbox, storage)


@pytest.fixture
def refusals() -> Refusals:
    return Refusals()


@pytest.fixture
async def mailing(storage, server, refusals, clock):
    smtp = CountedSmtp(server.relay())
    franking = Franking(lambda mailbox_id: f"back+{mailbox_id}@dateline.example")
    async with Calls(timer=TurnedTimer(clock)) as calls:
        yield Mailing(storage, smtp, "me", calls, franking, refusals, PER_HOUR)
    await smtp.close()


async def mail_all(mailing: Mailing) -> None:
    while await mailing.mail_due():
        await mailing.calls.all_done()


def subjects(server: FakeRelay) -> list[str]:
    return [str(letter.message["Subject"]) for letter in server.letters]


async def test_a_mail_that_is_due_is_sent_and_written_down(mailing, post, outbox, server):
    delivery = await post.put(await post.mailbox())

    await mail_all(mailing)

    (letter,) = server.letters
    row = await outbox.get(delivery)
    assert (letter.sender, letter.recipient) == ("back+1@dateline.example", "reader1@example.org")
    assert (row.state, row.attempts, row.trouble) == (DeliveryState.SENT, 1, None)


async def test_telegram_messages_are_left_alone(mailing, post, outbox, server):
    mailbox = await post.mailbox()
    message = await outbox.add(mailbox.chat_id, "for Telegram")

    await mail_all(mailing)

    assert server.letters == []
    assert await outbox.states(message) == [DeliveryState.PENDING]


@pytest.mark.parametrize(
    ("state", "kinds"),
    [
        pytest.param(MailboxState.ACTIVE, ["confirm", "digest"], id="active"),
        pytest.param(MailboxState.UNCONFIRMED, ["confirm"], id="unconfirmed"),
        pytest.param(MailboxState.SUSPENDED, [], id="suspended"),
        pytest.param(MailboxState.UNSUBSCRIBED, [], id="unsubscribed"),
    ],
)
async def test_who_gets_what(mailing, post, server, state, kinds):
    mailbox = await post.mailbox(state=state)
    await post.put(mailbox, "digest")
    await post.put(mailbox, "confirm", DeliveryKind.NOTICE)

    await mail_all(mailing)

    assert subjects(server) == kinds


@pytest.mark.parametrize(
    ("state", "mails"),
    [
        pytest.param(ChatState.BLOCKED, 1, id="a chat that blocks the bot still reads mail"),
        pytest.param(ChatState.PAUSED, 0, id="a pause is meant for both"),
    ],
)
async def test_what_the_chat_says_of_its_mails(mailing, post, server, state, mails):
    await post.put(await post.mailbox(state=MailboxState.ACTIVE, chat_state=state))

    await mail_all(mailing)

    assert len(server.letters) == mails


async def test_mails_of_one_mailbox_go_one_after_the_other(mailing, post, server):
    mailbox = await post.mailbox()
    for number in range(4):
        await post.put(mailbox, f"{number}")

    await mail_all(mailing)

    assert subjects(server) == ["0", "1", "2", "3"]


async def test_mails_go_at_the_pace_of_the_hour(mailing, post, clock):
    for number in range(1, 13):
        await post.put(await post.mailbox(number))
    started = clock.now

    for _ in range(20):
        await mail_all(mailing)
        clock.turn(SECOND)

    states = {row.state for row in [await post.outbox.get(each) for each in range(1, 13)]}
    assert states == {DeliveryState.SENT}
    assert clock.now - started >= 11 * SECOND


async def test_a_refusing_mailbox_is_told_of_once_and_its_mail_waits(
    mailing, post, outbox, server, refusals
):
    delivery = await post.put(await post.mailbox())
    server.rcpt.append("550 5.1.1 no such user")

    await mail_all(mailing)

    row = await outbox.get(delivery)
    assert refusals.told == [(1, "550 5.1.1 no such user")]
    assert (row.state, row.due_at) == (DeliveryState.PENDING, WHEN_IT_COMES_BACK)
    assert row.trouble == "550 5.1.1 no such user"


async def test_one_refusing_mailbox_holds_up_no_other(mailing, post, server):
    await post.put(await post.mailbox(1), "refused")
    await post.put(await post.mailbox(2), "taken")
    server.rcpt.append("550 5.1.1 no such user")

    await mail_all(mailing)
    mailing.calls.timer.clock.turn(2 * SECOND)
    await mail_all(mailing)

    assert subjects(server) == ["taken"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        pytest.param("450 4.2.0 later", [], id="later"),
        pytest.param(
            "550 5.7.1 by policy", [(1, "550 5.7.1 by policy")], id="policy: the operator is told"
        ),
    ],
)
async def test_a_mail_that_is_to_come_later_is_tried_for_two_days_then_held(
    mailing, post, outbox, server, clock, refusals, answer, told
):
    delivery = await post.put(await post.mailbox())
    server.rcpt += [answer] * 40
    begun, tries = clock.now, 0

    while (await outbox.get(delivery)).state is DeliveryState.PENDING:
        clock.now = max(clock.now, (await outbox.get(delivery)).due_at) + SECOND
        await mail_all(mailing)
        tries += 1

    assert (await outbox.get(delivery)).state is DeliveryState.HELD
    assert 40 * HOUR < clock.now - begun < 56 * HOUR
    assert tries < 20
    assert refusals.mistrust == told
    assert refusals.told == []


async def test_refused_content_fails_and_is_not_sent_again(mailing, post, outbox, server):
    delivery = await post.put(await post.mailbox())
    server.data.append("554 5.6.0 we do not like it")

    await mail_all(mailing)

    assert await outbox.states(delivery) == [DeliveryState.FAILED]


@pytest.mark.parametrize(
    ("fault", "copies"),
    [
        pytest.param(HANG_UP, 1, id="it had not arrived"),
        pytest.param(HANG_UP_AFTER, 2, id="it had arrived"),
    ],
)
async def test_a_mail_that_may_have_arrived_is_sent_once_more_and_is_one_to_its_reader(
    mailing, post, outbox, server, clock, fault, copies
):
    delivery = await post.put(await post.mailbox())
    server.data.append(fault)

    await mail_all(mailing)
    unknown = await outbox.get(delivery)
    clock.turn(5 * SECOND)
    await mail_all(mailing)

    assert unknown.state is DeliveryState.UNKNOWN
    assert await outbox.states(delivery) == [DeliveryState.SENT]
    assert len(server.letters) == copies
    assert len({letter.message["Message-ID"] for letter in server.letters}) == 1
    assert len({letter.content for letter in server.letters}) == 1


async def test_what_is_doubtful_twice_is_held(mailing, post, outbox, server, clock):
    delivery = await post.put(await post.mailbox())
    server.data += [HANG_UP_AFTER, HANG_UP_AFTER]

    for _ in range(5):
        await mail_all(mailing)
        clock.turn(5 * SECOND)

    assert await outbox.states(delivery) == [DeliveryState.HELD]
    assert len(server.letters) == 2


async def test_while_the_server_is_away_mails_wait_and_then_go(
    mailing, post, outbox, server, clock
):
    first = await post.put(await post.mailbox(1), "first")
    await server.close()
    await mail_all(mailing)
    clock.turn(HOUR)
    await mail_all(mailing)
    assert await outbox.states(first) == [DeliveryState.PENDING]

    await server.open()
    clock.turn(HOUR)
    await mail_all(mailing)

    assert subjects(server) == ["first"]


async def test_a_421_lets_all_mails_wait(mailing, post, outbox, server, clock):
    await post.put(await post.mailbox(1), "first")
    server.rcpt.append("421 4.7.0 slow down")
    await mail_all(mailing)
    await post.put(await post.mailbox(2), "second")

    clock.turn(4 * 60 * SECOND)
    await mail_all(mailing)
    assert subjects(server) == []
    clock.turn(61 * SECOND)
    await mail_all(mailing)
    clock.turn(2 * SECOND)
    await mail_all(mailing)

    assert sorted(subjects(server)) == ["first", "second"]
    assert (await outbox.get(1)).attempts == 1


async def test_a_mail_cut_off_by_a_crash_is_sent_once_more(
    mailing, post, outbox, server, clock, storage
):
    delivery = await post.put(await post.mailbox())
    async with storage.writing() as unit:
        await claim_mails(unit, "the dead", limit=1, lease=SECOND)
        await begin_sending(unit, [delivery], "the dead", CALL_LEASE)
    clock.turn(CALL_LEASE + SECOND)

    for _ in range(3):
        await mail_all(mailing)
        clock.turn(5 * SECOND)

    row = await outbox.get(delivery)
    assert (row.state, row.resent) == (DeliveryState.SENT, True)
    assert len(server.letters) == 1


async def test_a_body_that_cannot_be_read_fails_alone(mailing, post, outbox, server):
    mailbox = await post.mailbox()
    delivery = await post.put(mailbox)
    await outbox.set(delivery, body={"text": "of another version"})

    await mail_all(mailing)

    row = await outbox.get(delivery)
    assert (row.state, row.trouble) == (DeliveryState.FAILED, "the stored body cannot be read")


async def test_a_server_that_is_away_is_asked_now_and_then(mailing, post, server, clock):
    await post.put(await post.mailbox())
    await server.close()
    asked = []
    for _ in range(120):
        before = mailing.relay.asked
        await mail_all(mailing)
        asked.append(mailing.relay.asked - before)
        clock.turn(SECOND)

    assert 3 <= sum(asked) <= 6
    assert max(asked) == 1
