import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.reports import What, read_report
from tests.delivery.returned import TOKEN, complaint, notification, wish


@pytest.mark.parametrize(
    ("action", "status", "is_permanent"),
    [
        pytest.param("failed", "5.1.1", True, id="no such user"),
        pytest.param("Failed", "5.7.1", True, id="refused"),
        pytest.param("failed", "4.4.7", False, id="given up after days"),
    ],
)
def test_a_mail_that_could_not_be_delivered(action, status, is_permanent):
    report = read_report(notification(action, status, "550 no such user here"))

    assert report is not None
    assert (report.what, report.is_permanent) == (What.BOUNCE, is_permanent)
    assert report.reason == "550 no such user here"
    assert TOKEN in report.text


def test_without_words_of_the_server_its_status_is_the_reason():
    report = read_report(notification("failed", "5.1.1"))

    assert report is not None
    assert report.reason == "5.1.1"


@pytest.mark.parametrize(
    ("action", "status"),
    [("delayed", "4.4.7"), ("delivered", "2.0.0"), ("relayed", "2.0.0"), ("failed", "nonsense")],
)
def test_what_is_not_yet_lost_is_no_bounce(action, status):
    assert read_report(notification(action, status)) is None


@pytest.mark.parametrize("kind", ["abuse", "fraud"])
def test_a_complaint_quotes_the_mail_it_is_about(kind):
    report = read_report(complaint(kind))

    assert report is not None
    assert report.what is What.COMPLAINT
    assert TOKEN in report.text


def test_a_report_that_is_not_spam_is_no_complaint():
    assert read_report(complaint("not-spam")) is None


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        pytest.param(f"unsubscribe {TOKEN}", "", id="as our mails give it"),
        pytest.param(f"Re: Unsubscribe {TOKEN}", "Please.", id="answered"),
        pytest.param("hello", f"unsubscribe {TOKEN}", id="in the text"),
    ],
)
def test_a_wish_to_be_unsubscribed(subject, body):
    report = read_report(wish(subject, body))

    assert report is not None
    assert report.what is What.WISH
    assert TOKEN in report.text


def test_other_mail_is_left_to_a_person():
    assert read_report(wish("About your digest", "It is nice.")) is None


@given(st.binary(max_size=500))
def test_whatever_strangers_send_is_read_without_harm(content):
    read_report(content)


@given(st.binary(max_size=200))
def test_a_broken_report_is_read_without_harm(noise):
    whole = notification("failed", "5.1.1")
    at = len(noise) * 3 % len(whole)

    read_report(whole[:at] + noise + whole[at:])
