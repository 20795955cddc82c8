from datetime import timedelta

import pytest
from sqlmodel import col, select
from structlog.testing import capture_logs

from bot.app.mail import report_reader
from bot.mail.bounces import Bounces
from bot.mail.compose import Mail
from bot.mail.reports import Report, read_report, return_path, token_of
from bot.rendering.autolinks import without_joiners
from bot.rendering.renderer import Renderer
from bot.sources.feeds.model import Unreadable
from bot.sources.parser_pool import Workers
from bot.subscribers import mailboxes, settings
from bot.subscribers.errors import NoMailbox
from storage.chats import Chat
from storage.enums import (
    DeliveryKind,
    DeliveryState,
    DigestMedium,
    MailboxProblem,
    MailboxState,
    Medium,
)
from storage.outbox import Delivery
from tests.mail.returned import BROKEN, complaint, notification, request
from tests.subscribers.conftest import SIGNER

RENDERER = Renderer()
ADDRESS = "ann@example.org"
DAY = timedelta(days=1)
TOKEN = token_of(1, SIGNER)
BACK = return_path("back@dateline.example", TOKEN)


def bounce(status: str = "5.1.1", back: str = BACK, said: str = "") -> bytes:
    return notification("failed", status, said, back=back)


async def read(message: bytes) -> Report | None:
    return read_report(message)


@pytest.fixture
def bounces(storage) -> Bounces:
    return Bounces(storage, RENDERER, SIGNER, read)


@pytest.fixture
async def chat_id(storage, mailer, sent, arrive) -> int:
    """Return a chat whose digests go only to an address."""
    chat_id: int = await arrive()
    await mailboxes.request_confirmation(storage, chat_id, ADDRESS, asked_by=1, mailer=mailer)
    await mailboxes.confirm_by_code(storage, chat_id, await sent.code())
    await settings.set_digest_medium(storage, chat_id, DigestMedium.EMAIL)
    return chat_id


@pytest.fixture
async def waiting(storage, chat_id) -> int:
    """Return a digest in the outbox."""
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
        await tx.add(row)
    return row.id


async def notices(sent) -> list[str]:
    rows = await sent.rows()
    return [row.body["text"] for row in rows if row.medium is Medium.TELEGRAM]


async def test_a_refusal_suspends_the_address_and_tells_the_chat_why(
    bounces, chat_id, waiting, sent, storage
):
    async with storage.writing() as tx:
        await bounces.refused(tx, 1, "550 5.1.1 No such user here")

    seen = await mailboxes.get_mailbox(storage, chat_id)
    (notice,) = await notices(sent)
    assert (seen.state, seen.problem) == (MailboxState.SUSPENDED, MailboxProblem.NO_SUCH_MAILBOX)
    assert "The mail server of ann@example.org refuses my e-mails" in without_joiners(notice)
    assert "There is no such mailbox. Its mail server said: 550 5.1.1 No such user here" in notice
    assert "Your digests come here now." in notice


@pytest.mark.parametrize("noise", ["\0", "\udcff", "\x1b"], ids=ascii)
async def test_the_words_of_a_server_become_one_clean_line(bounces, chat_id, sent, storage, noise):
    async with storage.writing() as tx:
        await bounces.refused(tx, 1, f"550 no{noise}\nsuch user")

    assert "Its mail server said: 550 no such user" in (await notices(sent))[0]


async def test_suspended_mails_are_sent_after_another_confirmation(
    mailer, bounces, chat_id, waiting, sent, storage, clock
):
    await bounces.take(bounce())
    async with storage.reading() as tx:
        held = await tx.get_one(Delivery, waiting)
    clock.turn(DAY)

    await mailboxes.request_confirmation(storage, chat_id, ADDRESS, asked_by=1, mailer=mailer)
    seen = await mailboxes.confirm_by_code(storage, chat_id, await sent.code())

    async with storage.reading() as tx:
        freed = await tx.get_one(Delivery, waiting)
    assert held.state is DeliveryState.SUSPENDED
    assert (freed.state, freed.due_at) == (DeliveryState.PENDING, clock.now)
    assert (seen.is_active, seen.problem, seen.reach) == (True, None, DigestMedium.EMAIL)


async def test_an_alert_that_is_too_old_expires(
    mailer, bounces, chat_id, waiting, sent, storage, clock
):
    async with storage.writing() as tx:
        row = await tx.get_one(Delivery, waiting)
        row.kind = DeliveryKind.ALERT
    await bounces.take(bounce())
    clock.turn(DAY)

    await mailboxes.request_confirmation(storage, chat_id, ADDRESS, asked_by=1, mailer=mailer)
    await mailboxes.confirm_by_code(storage, chat_id, await sent.code())

    async with storage.reading() as tx:
        assert (await tx.get_one(Delivery, waiting)).state is DeliveryState.EXPIRED


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        pytest.param("4.2.2", MailboxProblem.FULL, id="full for now"),
        pytest.param("5.2.2", MailboxProblem.FULL, id="full"),
        pytest.param("4.4.7", MailboxProblem.BOUNCED, id="given up after days"),
        pytest.param("5.4.4", MailboxProblem.BOUNCED, id="no way to it"),
    ],
)
async def test_five_passing_bounces_in_two_weeks_suspend(
    storage, bounces, chat_id, clock, status, problem
):
    for _ in range(4):
        assert await bounces.take(bounce(status))
        clock.turn(DAY)
    assert (await mailboxes.get_mailbox(storage, chat_id)).is_active

    await bounces.take(bounce(status))

    assert (await mailboxes.get_mailbox(storage, chat_id)).problem is problem


async def test_passing_bounces_now_and_then_suspend_nothing(storage, bounces, chat_id, clock):
    for _ in range(12):
        await bounces.take(bounce("4.2.2"))
        clock.turn(4 * DAY)

    assert (await mailboxes.get_mailbox(storage, chat_id)).is_active


@pytest.mark.parametrize(
    ("status", "is_understood"),
    [
        pytest.param("5.2.3", False, id="too long a mail"),
        pytest.param("5.3.0", False, id="the system"),
        pytest.param("5.5.0", False, id="the protocol"),
        pytest.param("5.6.0", False, id="the content"),
        pytest.param("5.7.1", True, id="policy"),
    ],
)
async def test_a_bounce_without_the_mailboxs_fault_suspends_nothing(
    storage, bounces, chat_id, status, is_understood
):
    for _ in range(6):
        assert await bounces.take(bounce(status)) is is_understood

    assert (await mailboxes.get_mailbox(storage, chat_id)).is_active


@pytest.mark.parametrize(
    ("said", "given_up", "is_active"),
    [
        pytest.param("552 5.2.2 over quota", 4, True, id="full for eight days"),
        pytest.param("552 5.2.2 over quota", 5, False, id="full for ten days"),
        pytest.param("451 4.3.0 later", 5, True, id="a relay that fails"),
    ],
)
async def test_a_mailbox_that_stays_full_is_suspended(
    storage, bounces, chat_id, clock, said, given_up, is_active
):
    for _ in range(given_up):
        async with storage.writing() as tx:
            await bounces.gave_up(tx, 1, said)
        clock.turn(2 * DAY)

    assert (await mailboxes.get_mailbox(storage, chat_id)).is_active is is_active


async def test_a_complaint_suspends_at_once(storage, bounces, chat_id, sent):
    assert await bounces.take(complaint("abuse", TOKEN))

    (notice,) = await notices(sent)
    assert (await mailboxes.get_mailbox(storage, chat_id)).problem is MailboxProblem.COMPLAINED
    assert "was marked as spam" in notice


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("back+1.0.aaaaaaaaaaaaaaaaaaaaaaaaaa@dateline.example", id="forged"),
        pytest.param(return_path("b@x.example", token_of(7, SIGNER)), id="of no mailbox"),
        pytest.param("back@dateline.example", id="none"),
    ],
)
async def test_a_bounce_without_a_known_mailbox_changes_nothing(storage, bounces, chat_id, token):
    assert not await bounces.take(bounce(back=token))
    assert (await mailboxes.get_mailbox(storage, chat_id)).is_active


@pytest.mark.parametrize("message", BROKEN.values(), ids=BROKEN)
async def test_a_mail_that_breaks_its_reader_stops_no_other(storage, chat_id, message):
    workers = Workers(most=1)
    bounces = Bounces(storage, RENDERER, SIGNER, report_reader(workers))
    try:
        assert not await bounces.take(message)
        assert await bounces.take(bounce())
    finally:
        await workers.close()

    assert not (await mailboxes.get_mailbox(storage, chat_id)).is_active


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
    assert (await mailboxes.get_mailbox(storage, chat_id)).state is MailboxState.SUSPENDED


@pytest.mark.parametrize("subject", [f"unsubscribe {TOKEN}", f"Re: UNSUBSCRIBE {TOKEN.upper()}"])
async def test_a_mail_with_a_token_unsubscribes_its_mailbox(storage, bounces, chat_id, subject):
    assert not await bounces.take(request(subject[:-1]))
    assert await bounces.take(request(subject))

    assert (await mailboxes.get_mailbox(storage, chat_id)).state is MailboxState.UNSUBSCRIBED


# Mailboxes before their first confirmation


@pytest.fixture
async def asked(storage, mailer, arrive) -> int:
    """Return a chat that has requested a code for its address."""
    chat_id: int = await arrive(language="en")
    await mailboxes.request_confirmation(storage, chat_id, ADDRESS, asked_by=1, mailer=mailer)
    return chat_id


@pytest.mark.parametrize(
    ("said", "problem", "words"),
    [
        pytest.param(
            "550 5.1.1 no such user",
            MailboxProblem.NO_SUCH_MAILBOX,
            "There is no such mailbox. Its mail server said: 550 5.1.1 no such user",
            id="no such mailbox",
        ),
        pytest.param(
            "550 5.2.1 disabled", MailboxProblem.DISABLED, "The mailbox is disabled.", id="disabled"
        ),
        pytest.param("552 5.2.2 full", MailboxProblem.FULL, "The mailbox is full.", id="full"),
        pytest.param("552 over quota", MailboxProblem.FULL, "The mailbox is full.", id="552 alone"),
        pytest.param(
            "550 5.7.1 by policy",
            MailboxProblem.DISTRUSTED,
            "Its mail server accepts no e-mails from this bot.",
            id="policy",
        ),
        pytest.param(
            "550 not here",
            MailboxProblem.REFUSED,
            "Its mail server said: 550 not here",
            id="550 alone",
        ),
    ],
)
async def test_a_refused_confirmation_is_reported_and_no_code_is_awaited(
    storage, bounces, asked, sent, said, problem, words
):
    async with storage.writing() as tx:
        await bounces.refused(tx, 1, said)

    seen = await mailboxes.get_mailbox(storage, asked)
    (notice,) = await notices(sent)
    assert (seen.state, seen.problem) == (MailboxState.UNREACHABLE, problem)
    assert not await mailboxes.awaits_code(storage, asked)
    assert "I could not send the code to ann@example.org." in without_joiners(notice)
    assert words in notice
    assert "Check the address and type it again, or type another one." in notice
    assert await sent.mails() == []


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        pytest.param("5.1.1", MailboxProblem.NO_SUCH_MAILBOX, id="no such mailbox"),
        pytest.param("5.2.2", MailboxProblem.FULL, id="full"),
        pytest.param("4.4.7", MailboxProblem.BOUNCED, id="given up after days"),
        pytest.param("5.6.0", MailboxProblem.BOUNCED, id="the content"),
        pytest.param("5.7.1", MailboxProblem.DISTRUSTED, id="policy"),
    ],
)
async def test_a_bounced_confirmation_is_reported_whatever_the_reason(
    storage, bounces, asked, sent, status, problem
):
    await bounces.take(bounce(status, said="550 sorry"))

    seen = await mailboxes.get_mailbox(storage, asked)
    (notice,) = await notices(sent)
    assert (seen.state, seen.problem) == (MailboxState.UNREACHABLE, problem)
    assert "I could not send the code to ann@example.org." in without_joiners(notice)
    assert "Its mail server said: 550 sorry" in notice


async def test_a_complaint_about_a_confirmation_ends_it(storage, bounces, asked, sent):
    assert await bounces.take(complaint("abuse", TOKEN))

    (notice,) = await notices(sent)
    assert (await mailboxes.get_mailbox(storage, asked)).state is MailboxState.UNREACHABLE
    assert "An e-mail was marked as spam there." in notice


async def test_neither_code_nor_link_of_a_lost_mail_confirms(storage, bounces, asked, sent, clock):
    code, token = await sent.code(), await sent.token(clock.now)
    await bounces.take(bounce())

    assert not await mailboxes.confirm_by_link(storage, 1, token, renderer=RENDERER)
    with pytest.raises(NoMailbox):
        await mailboxes.confirm_by_code(storage, asked, code)


async def test_a_bounce_that_comes_twice_is_reported_once(storage, bounces, asked, sent):
    await bounces.take(bounce())
    await bounces.take(bounce())

    assert len(await notices(sent)) == 1


@pytest.mark.parametrize("address", [ADDRESS, "lee@example.org"], ids=["the same", "another"])
async def test_an_address_may_be_typed_again_at_once(
    storage, mailer, bounces, asked, sent, address
):
    await bounces.take(bounce())

    seen = await mailboxes.request_confirmation(storage, asked, address, asked_by=1, mailer=mailer)
    confirmed = await mailboxes.confirm_by_code(storage, asked, await sent.code())

    assert (seen.state, seen.address) == (MailboxState.UNCONFIRMED, address)
    assert (confirmed.is_active, confirmed.problem) == (True, None)


async def test_a_confirmation_that_waited_for_a_day_expires(storage, bounces, asked, sent, clock):
    clock.turn(DAY - timedelta(seconds=1))
    await bounces.expire_confirmations()
    waiting = await mailboxes.get_mailbox(storage, asked)
    clock.turn(timedelta(seconds=1))

    await bounces.expire_confirmations()
    await bounces.expire_confirmations()

    seen = await mailboxes.get_mailbox(storage, asked)
    (notice,) = await notices(sent)
    assert waiting.state is MailboxState.UNCONFIRMED
    assert (seen.state, seen.problem) == (MailboxState.UNREACHABLE, MailboxProblem.EXPIRED)
    assert "The e-mail could not be delivered within a day." in notice
    assert await sent.mails() == []


async def test_a_confirmation_that_was_sent_does_not_expire(storage, bounces, asked, sent, clock):
    async with storage.writing() as tx:
        (row,) = await tx.session.exec(select(Delivery))
        row.state = DeliveryState.SENT
    clock.turn(2 * DAY)

    await bounces.expire_confirmations()

    assert (await mailboxes.get_mailbox(storage, asked)).state is MailboxState.UNCONFIRMED
    assert await notices(sent) == []


# What admins are told


@pytest.mark.parametrize("way", ["refused", "gave_up", "take"])
async def test_the_admin_is_notified_of_a_policy_that_is_against_the_sender(storage, chat_id, way):
    bounces = Bounces(storage, RENDERER, SIGNER, read, frozenset({1}))
    if way == "take":
        await bounces.take(bounce("5.7.1", said="550 5.7.1 not from you"))
    else:
        async with storage.writing() as tx:
            await getattr(bounces, way)(tx, 1, "550 5.7.1 not from you")

    async with storage.reading() as tx:
        rows = await tx.session.exec(select(Delivery).where(col(Delivery.notice) == "mistrusted"))
        (notice,) = rows
    assert "The mail server of example.org refuses my e-mails" in without_joiners(
        notice.body["text"]
    )


async def test_the_admin_is_notified_once_a_week_that_mails_are_distrusted(storage, chat_id, clock):
    bounces = Bounces(storage, RENDERER, SIGNER, read, frozenset({7}))
    async with storage.writing() as tx:
        chat = await tx.get_one(Chat, chat_id)
        chat.telegram_id = 7
    for wait in (DAY, DAY, 7 * DAY, DAY):
        async with storage.writing() as tx:
            await bounces.gave_up(tx, 1, "550 5.7.1 not from you")
        clock.turn(wait)

    async with storage.reading() as tx:
        rows = list(await tx.session.exec(select(Delivery).order_by(col(Delivery.id))))
    texts = [row.body["text"] for row in rows if row.notice == "mistrusted"]
    assert len(texts) == 2
    assert "The mail server of example.org refuses my e-mails" in without_joiners(texts[0])
    assert "It said: 550 5.7.1 not from you" in texts[0]
