import asyncio
import ssl

import pytest
from aiosmtplib import SMTP

from bot.delivery.errors import (
    DeliveryError,
    FloodWait,
    MailboxRefused,
    NeverSent,
    PolicyRefused,
    Refused,
    RefusedForNow,
    TokenRejected,
    TryLater,
    Unknown,
)
from bot.mail.smtp import PAUSE_ON_REQUEST, Smtp
from tests.mail.relay import HANG_UP, HANG_UP_AFTER, SAY_NOTHING, open_relay

CONTENT = b"Subject: News\r\n\r\n.a line that begins with a dot\r\n"
ENVELOPE = ("back+1.0.x@dateline.example", "ann@example.org", CONTENT)
SOON = 1.0  # seconds without an answer that are too many; those before it are there at once


@pytest.fixture
async def server():
    async with open_relay() as opened:
        yield opened


@pytest.fixture
async def smtp(server):
    opened = Smtp(server.relay())
    yield opened
    await opened.close()


async def test_a_mail_arrives_as_it_was_sent(server, smtp):
    await smtp.send(*ENVELOPE)

    (taken,) = server.mails
    assert (taken.sender, taken.recipient) == ENVELOPE[:2]
    assert taken.content == CONTENT


async def test_several_mails_share_one_connection(server, smtp):
    for _ in range(3):
        await smtp.send(*ENVELOPE)

    assert len(server.mails) == 3
    assert server.connections == 1


async def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew(server, smtp):
    await smtp.send(*ENVELOPE)
    server.hang_up_on_all()

    await smtp.send(*ENVELOPE)

    assert len(server.mails) == 2


@pytest.mark.parametrize(
    ("step", "answer", "error"),
    [
        pytest.param("mail", "421 closing", TryLater, id="421 to the sender"),
        pytest.param("mail", "451 later", TryLater, id="4xx to the sender"),
        pytest.param("mail", "550 not you", TokenRejected, id="5xx to the sender"),
        pytest.param("mail", HANG_UP, NeverSent, id="hung up at the sender"),
        pytest.param("mail", SAY_NOTHING, NeverSent, id="silent at the sender"),
        pytest.param("rcpt", "421 closing", TryLater, id="421 to the recipient"),
        pytest.param("rcpt", "450 4.2.1 come again", TryLater, id="greylisted"),
        pytest.param("rcpt", "452 4.2.2 full", TryLater, id="a full mailbox"),
        pytest.param("rcpt", "550 5.1.1 no such user", MailboxRefused, id="no such user"),
        pytest.param("rcpt", "553 what name is this", MailboxRefused, id="5xx without a status"),
        pytest.param("rcpt", "550 5.7.1 relaying denied", PolicyRefused, id="policy, so about us"),
        pytest.param("rcpt", "552 5.2.2 over quota", RefusedForNow, id="a full mailbox, as 5xx"),
        pytest.param("rcpt", "552 over quota", RefusedForNow, id="552 without a status"),
        pytest.param("rcpt", "550 5.2.1 disabled", MailboxRefused, id="a disabled mailbox"),
        pytest.param("rcpt", "550 5.2.3 too long for it", Refused, id="too long a mail"),
        pytest.param("rcpt", "501 5.5.4 syntax", Refused, id="a word it does not know"),
        pytest.param("rcpt", HANG_UP, NeverSent, id="hung up at the recipient"),
        pytest.param("data", "421 closing", TryLater, id="421 to the content"),
        pytest.param("data", "451 later", TryLater, id="4xx to the content"),
        pytest.param("data", "554 5.6.0 we do not like it", Refused, id="5xx to the content"),
        pytest.param("data", "552 too much", Refused, id="5xx to the content without a status"),
        pytest.param("data", "550 5.1.1 no such user", MailboxRefused, id="no such user, late"),
        pytest.param("data", "550 5.7.1 looks like spam", PolicyRefused, id="policy, late"),
        pytest.param("data", HANG_UP, Unknown, id="hung up with the content half taken"),
        pytest.param("data", HANG_UP_AFTER, Unknown, id="hung up with the content taken"),
        pytest.param("data", SAY_NOTHING, Unknown, id="silent after the content"),
    ],
)
async def test_each_response_becomes_one_error(server, smtp, step, answer, error):
    getattr(server, step).append(answer)
    patience = smtp.timeout_seconds

    smtp.timeout_seconds = SOON if answer == SAY_NOTHING else patience
    with pytest.raises(error) as refused:
        await smtp.send(*ENVELOPE)
    smtp.timeout_seconds = patience
    await smtp.send(*ENVELOPE)

    assert type(refused.value) is error
    assert server.mails[-1].content == CONTENT


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        pytest.param("mail", "451 later", id="4xx to the sender"),
        pytest.param("mail", "550 not you", id="5xx to the sender"),
        pytest.param("rcpt", "450 4.2.1 later", id="4xx to the recipient"),
        pytest.param("rcpt", "550 5.1.1 no such user", id="5xx to the recipient"),
        pytest.param("data", "554 5.6.0 no", id="5xx to the content"),
    ],
)
async def test_a_refusal_resets_the_session_which_then_serves_the_next_mail(
    server, smtp, step, answer
):
    getattr(server, step).append(answer)

    with pytest.raises(DeliveryError):
        await smtp.send(*ENVELOPE)
    await smtp.send(*ENVELOPE)
    await smtp.close()
    await server.left_alone()

    begun, reset = ["MAIL", "RCPT", "DATA"], ["RSET", "NOOP"]
    refused = begun[: begun.index(step.upper()) + 1]
    assert server.commands == [*refused, *reset, *begun, "QUIT"]
    assert (server.connections, len(server.mails)) == (1, 1)


async def test_a_session_that_cannot_be_reset_ends_with_a_goodbye(server, smtp):
    server.rcpt.append("550 5.1.1 no such user")
    server.rset.append("502 5.5.1 not known here")

    with pytest.raises(MailboxRefused):
        await smtp.send(*ENVELOPE)
    await server.left_alone()
    await smtp.send(*ENVELOPE)

    assert server.commands[:4] == ["MAIL", "RCPT", "RSET", "QUIT"]
    assert server.connections == 2


async def test_a_refused_login_ends_with_a_goodbye():
    async with open_relay(auth={"ann": "secret"}) as server:
        smtp = Smtp(server.relay(user="ann", password="wrong"))

        with pytest.raises(TokenRejected):
            await smtp.greet()
        await server.left_alone()

        assert server.commands == ["QUIT"]


async def test_a_response_without_a_code_leaves_the_outcome_unknown(server, smtp):
    server.data.append("999 what")

    with pytest.raises(Unknown):
        await smtp.send(*ENVELOPE)


async def test_a_send_that_is_cancelled_leaves_no_connection_open(server, smtp):
    server.rcpt.append(SAY_NOTHING)
    sending = asyncio.create_task(smtp.send(*ENVELOPE))
    while server.rcpt:  # noqa: ASYNC110 - a list notifies nobody
        await asyncio.sleep(0.01)

    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending

    await server.left_alone()


async def test_connections_are_closed_even_if_the_goodbye_fails(server, smtp, monkeypatch):
    await asyncio.gather(*(smtp.send(*ENVELOPE) for _ in range(2)))

    async def fail(_client: SMTP) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(SMTP, "quit", fail)
    await smtp.close()

    await server.left_alone()


async def test_a_server_that_says_421_gets_its_pause(server, smtp):
    server.greeting.append("421 4.7.0 too much mail from you")

    with pytest.raises(FloodWait) as asked:
        await smtp.send(*ENVELOPE)

    assert asked.value.pause == PAUSE_ON_REQUEST
    assert str(asked.value) == "421 4.7.0 too much mail from you"


async def test_an_unreachable_server_means_never_sent(server, smtp):
    await server.close()

    with pytest.raises(NeverSent):
        await smtp.send(*ENVELOPE)
    with pytest.raises(NeverSent):
        await smtp.greet()


async def test_a_greeting_sends_no_mail(server, smtp):
    await smtp.greet()

    assert server.mails == []


async def test_a_right_password_is_accepted():
    async with open_relay(auth={"ann": "secret"}) as server:
        smtp = Smtp(server.relay(user="ann", password="secret"))

        await smtp.send(*ENVELOPE)

        assert len(server.mails) == 1
        await smtp.close()


async def test_a_wrong_password_is_no_fault_of_the_mail():
    async with open_relay(auth={"ann": "secret"}) as server:
        smtp = Smtp(server.relay(user="ann", password="wrong"))

        with pytest.raises(TokenRejected, match=r"^535 "):
            await smtp.send(*ENVELOPE)


async def test_nothing_is_sent_without_the_configured_tls():
    async with open_relay() as server:
        smtp = Smtp(server.relay(start_tls=True))

        with pytest.raises(NeverSent, match="STARTTLS"):
            await smtp.send(*ENVELOPE)
        assert server.mails == []


@pytest.mark.parametrize("use_tls", [False, True], ids=["starttls", "tls"])
async def test_a_mail_goes_by_tls(certificate, of_the_server, use_tls):
    trusting = ssl.create_default_context(cafile=certificate[1])
    async with open_relay(tls=of_the_server, tls_at_once=use_tls) as server:
        smtp = Smtp(server.relay(use_tls=use_tls, start_tls=not use_tls, tls=trusting))

        await smtp.send(*ENVELOPE)

        assert server.mails[0].content == CONTENT
        await smtp.close()


@pytest.mark.parametrize("use_tls", [False, True], ids=["starttls", "tls"])
async def test_an_untrusted_certificate_gets_no_password(of_the_server, use_tls):
    async with open_relay(auth={"ann": "secret"}, tls=of_the_server, tls_at_once=use_tls) as server:
        relay = server.relay(user="ann", password="secret", use_tls=use_tls, start_tls=not use_tls)
        smtp = Smtp(relay)

        with pytest.raises(NeverSent, match=r"(?i)certificate"):
            await smtp.send(*ENVELOPE)
        assert (server.logins, server.mails) == ([], [])
