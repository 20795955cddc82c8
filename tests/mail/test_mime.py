from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.compose import InlinePicture, Mail, message_bytes
from tests.mail.mailed import MAIL

LINES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300)


def parsed(mail: Mail) -> EmailMessage:
    message = message_from_bytes(message_bytes(mail), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def words(part: Message) -> str:
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


def test_the_parts_keep_their_order_and_their_text():
    message = parsed(MAIL)

    text, html = message.iter_parts()
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in (text, html)] == ["text/plain", "text/html"]
    assert words(text) == MAIL.text
    assert words(html) == MAIL.html
    assert message.defects == []


def test_every_header_is_read_back():
    message = parsed(MAIL)

    assert {name: message[name] for name, _ in MAIL.headers} == dict(MAIL.headers)
    assert message["Subject"] == MAIL.subject
    assert message["MIME-Version"] == "1.0"
    assert parsedate_to_datetime(message["Date"]) == datetime(2026, 11, 17, 23, tzinfo=UTC)


def test_equal_mails_give_equal_bytes():
    with_picture = replace(MAIL, pictures=(InlinePicture("week", b"\x89PNG"),))

    assert message_bytes(with_picture) == message_bytes(Mail.from_json(with_picture.to_json()))


def test_a_picture_is_a_part_beside_its_html():
    message = parsed(replace(MAIL, pictures=(InlinePicture("week", b"\x89PNG..."),)))

    _text, related = message.iter_parts()
    html, picture = related.iter_parts()
    assert related.get_content_type() == "multipart/related"
    assert html.get_content_type() == "text/html"
    assert picture["Content-ID"] == "<week>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content() == b"\x89PNG..."


@given(subject=LINES, text=LINES, html=LINES)
def test_any_text_is_read_back(subject, text, html):
    message = parsed(replace(MAIL, subject=subject, text=f"{text}\n", html=f"{html}\n"))

    plain, rich = message.iter_parts()
    assert words(plain) == f"{text}\n"
    assert words(rich) == f"{html}\n"
    assert all(len(line) <= 998 for line in message_bytes(MAIL).splitlines())


@given(st.text(max_size=200))
def test_all_bytes_are_ascii(text):
    assert message_bytes(replace(MAIL, text=text, html=text)).isascii()


@pytest.mark.parametrize(
    "broken", ["news\nBcc: you@example.org", "news\r\n\r\nbody"], ids=["a field", "a body"]
)
def test_a_header_that_would_break_its_line_is_refused(broken):
    with pytest.raises(ValueError, match=r"[Ll]inefeed|newline"):
        message_bytes(replace(MAIL, subject=broken))
