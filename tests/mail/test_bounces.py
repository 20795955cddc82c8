from datetime import timedelta

import pytest
from sqlmodel import col, select
from structlog.testing import capture_logs

from bot.app.mail import report_reader
from bot.mail import confirm
from bot.mail.bounces import Bounces
from bot.mail.compose import Mail
from bot.mail.reports import Report, read_report, return_path, token_of
from bot.rendering.autolinks import without_joiners
from bot.rendering.renderer import Renderer
from bot.sources.feeds.model import Unreadable
from bot.sources.parser_pool import Workers
from storage.chats import Chat
from storage.enums import (
    DeliveryKind,
    DeliveryState,
    DigestMedium,
    MailboxProblem,
    MailboxState,
    Medium,
)
from storage.mailboxes import Mailbox
from storage.outbox import Delivery
from tests.mail.returned import BROKEN, complaint, notification, request
from tests.subscribers.conftest import SIGNER

RENDERER = Renderer()
ADDRESS = "ann@example.org"
DAY = timedelta(days=1)
TOKEN = token_of(1, SIGNER)
BACK = return_path("back@dateline.example", TOKEN)


def bounce(status: str = "5.1.1", back: str = BACK) -> bytes:
    return notification("failed", status, back=back)


async def read(message: bytes) -> Report | None:
    return read_report(message)


@pytest.fixture
def bounces(storage) -> Bounces:
    return Bounces(storage, RENDERER, SIGNER, read)


@pytest.fixture
async def chat_id(storage, mailer, sent, arrive) -> int:
    """A chat whose digests come to an address alone."""
    chat_id: int = await arrive()
    await confirm.request_confirmation(storage, chat_id, ADDRESS, asked_by=1, mailer=mailer)
    await confirm.confirm_by_code(storage, chat_id, await sent.code())
    await confirm.set_digest_medium(storage, chat_id, DigestMedium.EMAIL)
    return chat_id


@pytest.fixture
async def waiting(storage, chat_id) -> int:
    """Return a digest that waits to be mailed."""
    async with storage.writing() as tx:
        row = Delivery(
            kind=DeliveryKind.EDITION,
            medium=Medium.EMAIL,
            chat_id=chat_id,
            mailbox_id=1,
            priority=3,
            body=Mail(ADDRESS, "News", "news", "<p>news</p>").to_json(),
            due_at=tx.now,
            created_at=tx.now,
        )
        tx.session.add(row)
    return row.id


async def notices(sent) -> list[str]:
    rows = await sent.rows()
    return [row.body["text"] for row in rows if row.medium is Medium.TELEGRAM]


async def test_a_refusing_server_suspends_the_address_and_the_chat_reads_why(
    bounces, chat_id, waiting, sent, storage
):
    async with storage.writing() as tx:
        await bounces.refused(tx, 1, "550 5.1.1 No such user here")

    seen = await confirm.get_mailbox(storage, chat_id)
    (notice,) = await notices(sent)
    assert (seen.state, seen.problem) == (MailboxState.SUSPENDED, MailboxProblem.REFUSED)
    assert "The mail server of ann@example.org refuses my e-mails" in without_joiners(notice)
    assert "It said: 550 5.1.1 No such user here" in notice
    assert "Your digests come here now." in notice


@pytest.mark.parametrize("noise", ["\0", "\udcff", "\x1b"], ids=ascii)
async def test_the_words_of_a_server_become_one_clean_line(bounces, chat_id, sent, storage, noise):
    async with storage.writing() as tx:
        await bounces.refused(tx, 1, f"550 no{noise}\nsuch user")

    assert "It said: 550 no such user" in (await notices(sent))[0]


async def test_what_waits_is_sent_when_confirmed_again(
    mailer, bounces, chat_id, waiting, sent, storage, clock
):
    await bounces.take(bounce())
    async with storage.reading() as tx:
        held = await tx.session.get_one(Delivery, waiting)
    clock.turn(DAY)

    await confirm.request_confirmation(storage, chat_id, ADDRESS, asked_by=1, mailer=mailer)
    seen = await confirm.confirm_by_code(storage, chat_id, await sent.code())

    async with storage.reading() as tx:
        freed = await tx.session.get_one(Delivery, waiting)
    assert held.state is DeliveryState.SUSPENDED
    assert (freed.state, freed.due_at) == (DeliveryState.PENDING, clock.now)
    assert (seen.is_active, seen.problem, seen.reach) == (True, None, DigestMedium.EMAIL)


async def test_an_alert_that_is_too_old_expires(
    mailer, bounces, chat_id, waiting, sent, storage, clock
):
    async with storage.writing() as tx:
        row = await tx.session.get_one(Delivery, waiting)
        row.kind = DeliveryKind.ALERT
    await bounces.take(bounce())
    clock.turn(DAY)

    await confirm.request_confirmation(storage, chat_id, ADDRESS, asked_by=1, mailer=mailer)
    await confirm.confirm_by_code(storage, chat_id, await sent.code())

    async with storage.reading() as tx:
        assert (await tx.session.get_one(Delivery, waiting)).state is DeliveryState.EXPIRED


async def test_five_temporary_bounces_in_two_weeks_suspend(storage, bounces, chat_id, clock):
    for _ in range(4):
        assert await bounces.take(bounce("4.2.2"))
        clock.turn(DAY)
    assert (await confirm.get_mailbox(storage, chat_id)).is_active

    await bounces.take(bounce("4.2.2"))

    assert (await confirm.get_mailbox(storage, chat_id)).problem is MailboxProblem.BOUNCED


async def test_passing_bounces_now_and_then_suspend_nothing(storage, bounces, chat_id, clock):
    for _ in range(12):
        await bounces.take(bounce("4.2.2"))
        clock.turn(4 * DAY)

    assert (await confirm.get_mailbox(storage, chat_id)).is_active


async def test_a_complaint_suspends_at_once(storage, bounces, chat_id, sent):
    assert await bounces.take(complaint("abuse", TOKEN))

    (notice,) = await notices(sent)
    assert (await confirm.get_mailbox(storage, chat_id)).problem is MailboxProblem.COMPLAINED
    assert "was marked as spam" in notice


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("back+1.0.aaaaaaaaaaaaaaaaaaaaaaaaaa@dateline.example", id="forged"),
        pytest.param(return_path("b@x.example", token_of(7, SIGNER)), id="of no mailbox"),
        pytest.param("back@dateline.example", id="none"),
    ],
)
async def test_a_bounce_of_nobody_changes_nothing(storage, bounces, chat_id, token):
    assert not await bounces.take(bounce(back=token))
    assert (await confirm.get_mailbox(storage, chat_id)).is_active


@pytest.mark.parametrize("message", BROKEN.values(), ids=BROKEN)
async def test_a_mail_that_breaks_its_reader_stops_no_other(storage, chat_id, message):
    workers = Workers(most=1)
    bounces = Bounces(storage, RENDERER, SIGNER, report_reader(workers))
    try:
        assert not await bounces.take(message)
        assert await bounces.take(bounce())
    finally:
        await workers.close()

    assert (await confirm.get_mailbox(storage, chat_id)).problem is MailboxProblem.BOUNCED


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(Unreadable("It takes longer than 10 seconds.", "time_out"), "time_out"),
        pytest.param(AttributeError("'Group' object has no attribute"), "AttributeError"),
        pytest.param(RecursionError("maximum recursion depth exceeded"), "RecursionError"),
    ],
    ids=["slow", "a group amid noise", "nested comments"],
)
async def test_any_error_of_the_reader_makes_one_report_unreadable_and_the_next_is_read(
    storage, chat_id, error, reason
):
    hostile = notification("failed", "5.1.1", back="x:;")

    async def read_unless_hostile(message: bytes) -> Report | None:
        if message == hostile:
            raise error
        return read_report(message)

    bounces = Bounces(storage, RENDERER, SIGNER, read_unless_hostile)
    with capture_logs() as logs:
        assert not await bounces.take(hostile)
        assert await bounces.take(bounce())

    assert [(one["log_level"], one["reason"]) for one in logs] == [("warning", reason)]
    assert (await confirm.get_mailbox(storage, chat_id)).state is MailboxState.SUSPENDED


@pytest.mark.parametrize("subject", [f"unsubscribe {TOKEN}", f"Re: UNSUBSCRIBE {TOKEN.upper()}"])
async def test_a_mail_unsubscribes_whose_token_it_carries(storage, bounces, chat_id, subject):
    assert not await bounces.take(request(subject[:-1]))
    assert await bounces.take(request(subject))

    assert (await confirm.get_mailbox(storage, chat_id)).state is MailboxState.UNSUBSCRIBED


async def test_a_bounce_activates_no_unconfirmed_address(mailer, bounces, arrive, storage):
    chat_id = await arrive()
    await confirm.request_confirmation(storage, chat_id, ADDRESS, asked_by=1, mailer=mailer)

    await bounces.take(bounce())

    async with storage.reading() as tx:
        assert (await tx.session.get_one(Mailbox, 1)).state is MailboxState.UNCONFIRMED


async def test_the_admin_is_notified_once_a_week_that_mails_are_distrusted(storage, chat_id, clock):
    bounces = Bounces(storage, RENDERER, SIGNER, read, frozenset({7}))
    async with storage.writing() as tx:
        chat = await tx.session.get_one(Chat, chat_id)
        chat.telegram_id = 7
    for wait in (DAY, DAY, 7 * DAY, DAY):
        async with storage.writing() as tx:
            await bounces.distrusted(tx, 1, "550 5.7.1 not from you")
        clock.turn(wait)

    async with storage.reading() as tx:
        rows = list(await tx.session.exec(select(Delivery).order_by(col(Delivery.id))))
    texts = [row.body["text"] for row in rows if row.notice == "mistrusted"]
    assert len(texts) == 2
    assert "example.org has refused my e-mails for two days" in without_joiners(texts[0])
    assert "It said: 550 5.7.1 not from you" in texts[0]
