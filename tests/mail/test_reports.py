import json
import re
from email import message_from_bytes
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.reports import Report, ReportKind, read_report
from tests.mail.returned import TOKEN, complaint, notification, request


@pytest.mark.parametrize(
    ("action", "status"),
    [
        pytest.param("failed", "5.1.1", id="no such user"),
        pytest.param("Failed", "5.7.1", id="refused"),
        pytest.param("failed", "4.4.7", id="given up after days"),
        pytest.param("failed", "5.1.1 (no such user)", id="a comment behind it"),
    ],
)
def test_a_failed_delivery_is_a_bounce(action, status):
    report = read_report(notification(action, status, "550 no such user here"))

    assert report is not None
    assert (report.kind, report.status) == (ReportKind.BOUNCE, status[:5])
    assert report.reason == "550 no such user here"
    assert report.tokens == (TOKEN,)


def test_a_bounce_without_words_has_its_status_as_reason():
    report = read_report(notification("failed", "5.1.1"))

    assert report is not None
    assert report.reason == "5.1.1"


@pytest.mark.parametrize(
    ("action", "status"),
    [("delayed", "4.4.7"), ("delivered", "2.0.0"), ("relayed", "2.0.0"), ("failed", "nonsense")],
)
def test_a_delivery_that_has_not_failed_is_no_bounce(action, status):
    assert read_report(notification(action, status)) is None


@pytest.mark.parametrize("kind", ["abuse", "fraud"])
def test_a_complaint_has_the_token_of_the_quoted_mail(kind):
    report = read_report(complaint(kind))

    assert report is not None
    assert report.kind is ReportKind.COMPLAINT
    assert report.tokens == (TOKEN,)


def test_a_report_that_is_not_spam_is_no_complaint():
    assert read_report(complaint("not-spam")) is None


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        pytest.param(f"unsubscribe {TOKEN}", "", id="as our mails give it"),
        pytest.param(f"Re: Unsubscribe {TOKEN}", "Please.", id="answered"),
        pytest.param(f"Ответ: unsubscribe {TOKEN}", "", id="encoded"),
        pytest.param("hello", f"unsubscribe {TOKEN}", id="in the text"),
        pytest.param("hello", f"Зря. unsubscribe {TOKEN}", id="in an encoded text"),
    ],
)
def test_a_request_to_unsubscribe_is_read(subject, body):
    report = read_report(request(subject, body))

    assert report is not None
    assert report.kind is ReportKind.UNSUBSCRIBE
    assert report.tokens == (TOKEN,)


def test_other_mail_is_no_report():
    assert read_report(request("About your digest", "It is nice.")) is None


def test_a_forwarded_mail_of_ours_requests_nothing():
    forwarded = EmailMessage()
    forwarded.set_content("<p>Look at this.</p>", subtype="html")
    forwarded.add_attachment(message_from_bytes(request("News", f"unsubscribe: {TOKEN}")))

    assert read_report(forwarded.as_bytes()) is None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("back+5.0.abcd\x00:>]<;=efgh@dateline.example", id="a group amid noise"),
        pytest.param("back+5.0.:(],=?,]@(abc@dateline.example", id="an open comment in a group"),
        pytest.param("\ufffd@[4Cback@dateline.example", id="a literal that is never closed"),
        pytest.param("back+5.0?=acharset=@", id="nothing behind an at"),
        pytest.param("back+5.0.abcd<", id="nothing behind an angle"),
        pytest.param("<@a," * 64_000, id="a route without an end"),
    ],
)
def test_no_address_keeps_a_bounce_from_being_read(value):
    report = read_report(f"To: {value}\n".encode() + notification("failed", "5.1.1"))

    assert report is not None
    assert (report.kind, report.tokens) == (ReportKind.BOUNCE, (TOKEN,))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("text/plain" + "; a*0=b" * 32_000, id="parameters by number"),
        pytest.param("text/plain" + ';"' * 100_000, id="quotes"),
        pytest.param("text/plain" + ";a*" * 80_000, id="encoded parameters"),
        pytest.param("text/plain; a=" + "(" * 400 + ")" * 400, id="nested comments"),
        pytest.param("multipart/mixed; a=" + "(" * 400, id="open comments"),
        pytest.param("multipart/mixed; boundary*=a; boundary*0=b", id="a boundary in parts"),
    ],
)
def test_no_content_type_keeps_a_request_from_being_read(value):
    report = read_report(f"Content-Type: {value}\nSubject: unsubscribe {TOKEN}\n\nText".encode())

    assert report is not None
    assert (report.kind, report.tokens) == (ReportKind.UNSUBSCRIBE, (TOKEN,))


def test_a_mail_with_too_many_nested_parts_is_no_report():
    parts = "".join(
        f"Content-Type: multipart/mixed;\n boundary={n}\n\n--{n}\n" for n in range(4000)
    )

    assert read_report(f"Subject: unsubscribe {TOKEN}\n{parts}".encode()) is None


def test_only_a_few_possible_tokens_are_kept():
    many = "".join(f"{number}{TOKEN}\n" for number in range(1000))

    report = read_report(notification("failed", "5.1.1") + many.encode())

    assert report is not None
    assert report.tokens[0] == TOKEN
    assert len(report.tokens) == 20


def test_a_report_survives_json():
    report = read_report(notification("failed", "5.1.1", "550 no such user"))

    assert report is not None
    assert Report.from_json(json.loads(json.dumps(report.to_json()))) == report


@given(st.binary(max_size=500))
def test_any_mail_gives_a_report_that_survives_json_or_none(content):
    report = read_report(content)

    assert report is None or Report.from_json(json.loads(json.dumps(report.to_json()))) == report


WHOLE = notification("failed", "5.1.1")


# Noise within a token makes another one, whose signature is wrong.
OUTSIDE = [
    at
    for at in range(len(WHOLE) + 1)
    if not any(each.start() <= at <= each.end() for each in re.finditer(TOKEN.encode(), WHOLE))
]


@given(st.binary(max_size=200), st.sampled_from(OUTSIDE))
def test_a_report_broken_by_noise_names_no_other_token(noise, at):
    report = read_report(WHOLE[:at] + noise + WHOLE[at:])

    assert report is None or {TOKEN, *report.tokens} == {TOKEN}
