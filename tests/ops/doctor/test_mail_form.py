from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.mail.compose import FromAddress, Mail, Mailer, Occasion, Recipient, message_bytes
from bot.ops.doctor.mail import judge_form
from bot.publishing.mails import bundle_mail
from bot.publishing.samples import (
    sample_alert_mail,
    sample_bundled,
    sample_edition,
    sample_mail,
)
from bot.rendering.links import Links, Signer
from bot.rendering.renderer import Renderer


def mail_bytes(html: str = "<p>News</p>", **changes: str) -> bytes:
    """Return a mail of good form, except for *html* and the *changes* of its headers."""
    headers = {"From": "Dateline <a@b.example>", "To": "<c@d.example>"} | changes
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return message_bytes(Mail("c@d.example", "News", "News", f"<body>{html}</body>", named))


def composed_mails() -> Iterator[tuple[str, Mail]]:
    """Yield every mail that the bot composes, with its name."""
    renderer = Renderer()
    sender = FromAddress("news@dateline.example", reply_to="ann@dateline.example")
    mailer = Mailer(renderer, sender, Links("https://dateline.example", Signer(b"k" * 32)))
    reader, now = Recipient(1, "ann@example.org", 1), datetime(2026, 11, 17, tzinfo=UTC)
    values = {"code_shown": "123 456", "link": "https://dateline.example/c/1", "sender_name": "D"}
    occasion, stories = Occasion("bundle:1:email", now), sample_bundled()
    yield "digest", sample_mail(renderer, sample_edition())
    yield "week", sample_mail(renderer, sample_edition(weekly=True))
    yield "alert", sample_alert_mail(renderer)
    yield (
        "bundle",
        bundle_mail(mailer, reader, occasion, stories, unlisted=0, zone="UTC", is_quiet=True),
    )
    yield (
        "confirm",
        mailer.mail("email/confirm", reader, occasion, subject="Your code", values=values),
    )


@pytest.mark.parametrize("mail", [pytest.param(mail, id=name) for name, mail in composed_mails()])
def test_every_mail_has_the_form_that_spam_filters_want(mail):
    assert judge_form(message_bytes(mail)).code == "form.good"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(mail_bytes(From="a@b.example"), "From has no angle brackets", id="From"),
        pytest.param(mail_bytes(To="c@d.example"), "To has no angle brackets", id="To"),
        pytest.param(
            mail_bytes(Reply_To="c@d.example"), "Reply-To has no angle brackets", id="Reply-To"
        ),
        pytest.param(
            mail_bytes('<p style="color: #ffffff">News</p>'), "hides text", id="white on white"
        ),
        pytest.param(
            mail_bytes(
                '<div style="background-color:#000;color:#FFF"><b style="color:#000000">x</b></div>'
            ),
            "hides text",
            id="black on black within",
        ),
        pytest.param(mail_bytes('<p style="opacity: 0">x</p>'), "hides text", id="transparent"),
        pytest.param(mail_bytes('<p style="font-size:1px">x</p>'), "hides text", id="tiny"),
        pytest.param(
            mail_bytes('<p style="font-size:1px"><b></b>x</p>'),
            "hides text",
            id="behind an element",
        ),
        pytest.param(mail_bytes('<img src="https://a.example/1">'), "loads", id="a picture"),
        pytest.param(mail_bytes("<style>@import 'a'</style>"), "loads", id="a style sheet"),
        pytest.param(b"Subject: x\r\n\r\ntext\r\n", "plain text followed by HTML", id="no HTML"),
    ],
)
def test_a_mail_of_poor_form_is_reported_with_its_fault(content, words):
    finding = judge_form(content)

    assert finding.code == "form.poor"
    assert words in finding.sentence


@pytest.mark.parametrize(
    "html",
    [
        pytest.param('<p style="display:none; color:#ffffff">x</p>', id="not displayed"),
        pytest.param('<p style="background-color:#0b57a4;color:#ffffff">x</p>', id="on a button"),
        pytest.param('<p style="font-size: 13px; opacity: 0.8">x</p>', id="small but readable"),
        pytest.param('<p style="color:#ffffff"></p>', id="no text"),
        pytest.param('<img src="cid:week">', id="a picture inside"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_mail_that_hides_nothing_has_good_form(html):
    assert judge_form(mail_bytes(html)).code == "form.good"
