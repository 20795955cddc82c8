import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.compose import (
    LONGEST_SUBJECT,
    FromAddress,
    Mailer,
    Occasion,
    Recipient,
    message_bytes,
    subject_of,
)
from bot.mail.reports import tokens_in, verified_mailbox_id
from bot.rendering.links import Links, Purpose, Signer
from bot.rendering.renderer import Renderer

NOW = datetime(2026, 11, 17, 23, 0, 5, tzinfo=UTC)
SIGNER = Signer(b"k" * 32)
ANN = Recipient(5, "ann@example.org", 1)
SENDER = FromAddress("news@dateline.example", returns="back@dateline.example")
EDITION = Occasion("edition:12:email:1", NOW)
VALUES = {"code_shown": "123 456", "link": None, "sender_name": "Dateline"}


def mailer(base: str | None = "https://dateline.example", sender: FromAddress = SENDER) -> Mailer:
    return Mailer(Renderer(), sender, Links(base, SIGNER))


def mail(written: Mailer, **more):
    facts = {"subject": "News", "values": VALUES, "label": "digests", **more}
    return written.mail("email/confirm", ANN, EDITION, **facts)


def test_a_mail_names_its_sender_and_says_that_it_is_automatic():
    headers = dict(
        mail(mailer(sender=FromAddress("a@b.example", "A, B", reply_to="c@d.example"))).headers
    )

    assert headers["From"] == '"A, B" <a@b.example>'
    assert headers["Reply-To"] == "<c@d.example>"
    assert headers["To"] == "<ann@example.org>"
    assert headers["Date"] == "Tue, 17 Nov 2026 23:00:05 +0000"
    assert headers["Auto-Submitted"] == "auto-generated"


def test_an_address_without_a_name_has_brackets():
    headers = dict(mail(mailer(sender=FromAddress("a@b.example", ""))).headers)

    assert headers["From"] == "<a@b.example>"


def test_a_name_keeps_its_letters_and_its_comma():
    headers = dict(mail(mailer(sender=FromAddress("a@b.example", "Zürich, heute"))).headers)

    assert headers["From"] == '"Zürich, heute" <a@b.example>'
    assert headers["List-Id"] == '"Zürich, heute digests" <digests.b.example>'


def test_a_resent_mail_has_the_same_message_id():
    expected = "<edition.12.email.1.20261117T230005@dateline.example>"

    assert mail(mailer()).header("Message-ID") == expected


def test_a_list_has_headers_to_unsubscribe_by_one_click_and_by_mail():
    written = mail(mailer())

    left = written.header("List-Unsubscribe") or ""
    by_web, by_mail = re.findall(r"<([^>]+)>", left)
    assert written.header("List-Id") == "Dateline digests <digests.dateline.example>"
    assert SIGNER.verify(Purpose.UNSUBSCRIBE, by_web.rpartition("/")[2], NOW) == ("5",)
    assert by_mail.startswith("mailto:back@dateline.example?subject=unsubscribe%20")
    assert verified_mailbox_id(tokens_in(by_mail.replace("%20", " ")), SIGNER, NOW) == 5
    assert written.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"


def test_without_a_public_address_a_list_is_unsubscribed_by_mail_alone():
    written = mail(mailer(base=None))

    assert (written.header("List-Unsubscribe") or "").startswith("<mailto:back@")
    assert written.header("List-Unsubscribe-Post") is None
    assert "http" not in (written.header("List-Unsubscribe") or "")


def test_a_mail_to_one_user_belongs_to_no_list():
    written = mail(mailer(), label=None)

    assert [name for name, _ in written.headers if name.startswith("List-")] == []


@pytest.mark.parametrize(
    ("sender", "address"),
    [
        (FromAddress("a@b.example"), "a@b.example"),
        (FromAddress("a@b.example", reply_to="c@d.example"), "c@d.example"),
        (FromAddress("a@b.example", reply_to="c@d.example", returns="e@f.example"), "e@f.example"),
    ],
)
def test_a_request_to_unsubscribe_goes_to_a_mailbox_that_is_read(sender, address):
    assert (
        mailer(sender=sender)
        .reader_links(ANN, NOW)
        .unsubscribe_by_mail.startswith(f"mailto:{address}?")
    )


def test_styles_are_inline_and_nothing_is_loaded():
    html = mail(mailer()).html

    assert re.search(r'<p class="code" style="[^"]*font-size: ?32px', html)
    assert "prefers-color-scheme: dark" in html
    assert not re.search(r"<img|<link|<script|url\(|@import", html)


def test_the_longest_header_lines_are_folded():
    lines = message_bytes(mail(mailer())).partition(b"\r\n\r\n")[0].split(b"\r\n")

    assert all(len(line) <= 998 for line in lines)
    assert all(line.isascii() for line in lines)


def written(heads):
    """Return a subject without spaces at its ends, as a template does."""
    return f"9 stories: {'; '.join(heads)}".strip() if heads else "9 stories"


@pytest.mark.parametrize(
    ("titles", "subject"),
    [
        pytest.param([], "9 stories", id="no title"),
        pytest.param(["Fees fall"], "9 stories: Fees fall", id="one"),
        pytest.param(
            ["Fees fall", "Envoy flies in", "Concert is off"],
            "9 stories: Fees fall; Envoy flies in",
            id="two at most",
        ),
        pytest.param(
            ["Ministry asks for the third time", "The envoy who was called in flies home tonight"],
            "9 stories: Ministry asks for the third time; The envoy who was called in…",
            id="the last is cut at a word",
        ),
        pytest.param(
            ["Ministry asks consul-general to explain what was meant", "Fees fall at last"],
            "9 stories: Ministry asks consul-general to explain what was meant",
            id="no room that is worth it",
        ),
        pytest.param(["a" * 200], "9 stories: " + "a" * 66 + "…", id="one word that is too long"),
        pytest.param(["Two\nlines\u202e"], "9 stories: Two lines", id="made one line"),
    ],
)
def test_a_subject_has_the_titles_that_fit(titles, subject):
    assert subject_of(written, titles)[0] == subject


@pytest.mark.parametrize(
    ("titles", "following"),
    [
        pytest.param(["Fees fall"], [], id="nothing is left"),
        pytest.param(["A", "B", "C"], ["C"], id="one"),
        pytest.param(["A", "B", "C", "D", "E"], ["C", "D"], id="two at most"),
        pytest.param(["a" * 70, "Fees fall", "C"], ["Fees fall", "C"], id="no room for the second"),
    ],
)
def test_the_preview_repeats_no_title_of_the_subject(titles, following):
    assert subject_of(written, titles)[1] == following


@given(st.lists(st.text(max_size=120), max_size=5))
def test_no_subject_is_too_long_or_breaks_its_line(titles):
    subject, _following = subject_of(written, titles)

    assert len(subject) <= LONGEST_SUBJECT
    assert len(subject.splitlines()) <= 1
    assert subject.startswith("9 stories")
