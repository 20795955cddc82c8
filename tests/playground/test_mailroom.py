"""The mail server of the playground, and its pages."""

import asyncio
import re
import smtplib
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from bot.delivery.errors import MailboxRefused
from bot.mail.smtp import Relay, Smtp
from tests.local_playground import LocalPlayground
from tests.story.processes import PATIENCE


def mail(html: str = "<p>Hello <b>you</b></p>") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "news@dateline.example"
    message["To"] = "ann@example.org"
    message["Subject"] = "2 stories: <Fees> fall"
    message.set_content("Hello & you\n")
    message.add_alternative(html, subtype="html")
    return message


async def hand_over(
    pg: LocalPlayground, message: EmailMessage, to: str = "ann@example.org"
) -> None:
    def send() -> None:
        with smtplib.SMTP(*pg.smtp, local_hostname="here", timeout=PATIENCE) as client:
            client.sendmail("back@dateline.example", to, message.as_bytes())

    await asyncio.to_thread(send)


async def get(http, url: str) -> tuple[str, dict[str, str]]:
    async with http.get(url) as response:
        assert response.status == 200
        return await response.text(), dict(response.headers)


async def test_a_letter_is_listed_and_shown_with_all_its_parts(pg, http):
    await hand_over(pg, mail())
    letter = await pg.wait_for_letter()

    listed, _ = await get(http, f"{pg.base_url}/mail")
    shown, headers = await get(http, f"{pg.base_url}/mail/{letter.n}")
    raw, _ = await get(http, f"{pg.base_url}/mail/{letter.n}/raw")

    assert "2 stories: &lt;Fees&gt; fall" in listed
    assert "bounces go to back@dateline.example" in shown
    assert "Hello &amp; you" in shown
    assert 'src="/mail/1/html" sandbox=' in shown
    assert "<th>Subject</th><td>2 stories: &lt;Fees&gt; fall</td>" in shown
    assert "script" not in headers["Content-Security-Policy"]
    assert raw.startswith("From: news@dateline.example")


async def test_the_html_of_a_letter_runs_nothing_and_loads_nothing(pg, http):
    await hand_over(pg, mail("<script>alert(1)</script><img src='https://x.example/1.png'>"))
    letter = await pg.wait_for_letter()

    html, headers = await get(http, f"{pg.base_url}/mail/{letter.n}/html")

    assert "<script>" in html
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "sandbox allow-popups" in headers["Content-Security-Policy"]
    assert "allow-scripts" not in headers["Content-Security-Policy"]


async def test_a_picture_inside_a_letter_is_shown_in_its_place(pg, http):
    message = mail('<img src="cid:week">')
    list(message.iter_parts())[1].add_related(b"\x89PNG", "image", "png", cid="<week>")
    await hand_over(pg, message)
    letter = await pg.wait_for_letter()

    html, _ = await get(http, f"{pg.base_url}/mail/{letter.n}/html")

    assert '<img src="data:image/png;base64,iVBORw==">' in html


@pytest.mark.parametrize(
    ("address", "code"), [("refused@example.org", 550), ("later+1@example.org", 450)]
)
async def test_some_addresses_are_rejected_or_deferred(pg, address, code):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as error:
        await hand_over(pg, mail(), address)

    assert error.value.recipients[address][0] == code
    assert list(pg.mailroom.letters) == []


async def test_a_session_continues_after_a_rejected_address(pg):
    host, port = pg.smtp
    smtp = Smtp(Relay(host, port, start_tls=False))
    envelope = ("back@dateline.example", "ann@example.org", mail().as_bytes())

    await smtp.send(*envelope)
    with pytest.raises(MailboxRefused):
        await smtp.send(envelope[0], "refused@example.org", envelope[2])
    await smtp.send(*envelope)
    await smtp.close()

    assert [letter.recipient for letter in pg.mailroom.letters] == ["ann@example.org"] * 2


async def test_an_unknown_letter_is_not_found(pg, http):
    async with http.get(f"{pg.base_url}/mail/7") as response:
        assert response.status == 404


async def test_pages_of_other_origins_see_no_mail(pg, http):
    async with http.get(
        f"{pg.base_url}/mail", headers={"Sec-Fetch-Site": "cross-site"}
    ) as response:
        assert response.status == 403


async def test_links_of_a_letter_open_outside_of_its_frame(pg, http):
    await hand_over(pg, mail("<html><head></head><a href='https://x.example'>x</a></html>"))
    letter = await pg.wait_for_letter()

    html, _ = await get(http, f"{pg.base_url}/mail/{letter.n}/html")

    assert '<head><base target="_blank"></head>' in html


async def test_a_letter_arrives_byte_for_byte(pg):
    body = "Subject: x\r\n\r\n.\r\n..two\r\nünï\r\n. \r\n".encode()

    def send() -> None:
        host, port = pg.smtp
        with smtplib.SMTP(host, port, local_hostname="here", timeout=PATIENCE) as client:
            client.sendmail("a@b.example", ["c@d.example", "refused@d.example"], body)

    await asyncio.to_thread(send)
    letter = await pg.wait_for_letter()

    assert (letter.content, letter.recipient) == (body, "c@d.example")
    assert len(pg.mailroom.letters) == 1


async def test_the_mail_server_requires_commands_in_order(pg):
    reader, writer = await asyncio.open_connection(*pg.smtp)
    replies = {
        "": b"220",
        "DATA": b"503",
        "RCPT TO:<a@b.example>": b"503",
        "HELO here": b"250",
        "MAIL FROM:nobody": b"501",
        "MAIL FROM:<a@b.example> SIZE=10": b"250",
        "RCPT TO:<later@b.example>": b"450",
        "RCPT TO:<c@b.example>": b"250",
        "RSET": b"250",
        "data": b"503",
        "VRFY a": b"502",
        "quit": b"221",
    }

    for line, code in replies.items():
        if line:
            writer.write(f"{line}\r\n".encode())
        assert (await reader.readline()).startswith(code), line
    assert await reader.read() == b""
    writer.close()


async def test_clients_that_disconnect_or_send_endless_lines_harm_no_other(pg):
    for lines in (
        b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@b.example>\r\nDATA\r\nhalf",
        b"x" * 200_000,
    ):
        _reader, writer = await asyncio.open_connection(*pg.smtp)
        writer.write(lines)
        writer.close()

    await hand_over(pg, mail())
    assert (await pg.wait_for_letter()).n == 1


async def test_a_letter_without_html_shows_its_text(pg, http):
    message = EmailMessage()
    message.set_content("Only text\n")
    await hand_over(pg, message)
    letter = await pg.wait_for_letter()

    shown, _ = await get(http, f"{pg.base_url}/mail/{letter.n}")

    assert "<iframe" not in shown
    assert "<details open><summary>Text part</summary><pre" in shown


async def test_a_playground_without_a_bot_that_reads_mail_takes_no_newsletter(pg, http):
    form = {"to": "news+abc@playground.example", "text": "<b>Beans</b>", "kind": "html"}
    async with http.post(f"{pg.base_url}/mail/new", data=form) as answer:
        page = await answer.text()

    assert answer.status == 400
    assert "This bot does not read mail" in page
    assert list(pg.mailroom.letters) == []


async def test_the_form_gives_the_bot_the_mail_of_the_newsletter(pg, http):
    taken = list[EmailMessage]()

    async def take(message: bytes) -> bool:
        taken.append(message_from_bytes(message, policy=default))
        return True

    pg.mailroom.take = take
    to = "news+abc@playground.example"
    form = {"to": to, "text": "<b>Beans</b>", "kind": "html", "is_signed": "on"}
    form |= {"has_unsubscribe": "on", "asks_to_confirm": "on"}
    async with http.post(f"{pg.base_url}/mail/new", data=form, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/mail/1"
    (mail,) = taken
    links = re.findall(r"http://[^>\"]+", mail["List-Unsubscribe"] + mail.get_content())
    opened = [(await get(http, link))[0] for link in links]

    assert (mail["Delivered-To"], mail.get_content_type()) == (to, "text/html")
    assert mail["Authentication-Results"] == "playground.example; dkim=pass header.d=cafe.example"
    assert "You have unsubscribed" in opened[0]
    assert "Your subscription is confirmed" in opened[1]


async def test_other_sites_cannot_send_a_newsletter(pg, http):
    for path in ("mail/new", "control/newsletter"):
        headers = {"Origin": "https://elsewhere.example"}
        async with http.post(f"{pg.base_url}/{path}", headers=headers) as answer:
            assert answer.status == 403
