import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.status import Blame, MailFailure, failure_of, has_status
from storage.enums import MailboxProblem

GONE = MailFailure(Blame.CLOSED, MailboxProblem.NO_SUCH_MAILBOX)
DISABLED = MailFailure(Blame.CLOSED, MailboxProblem.DISABLED)
FULL = MailFailure(Blame.PASSING, MailboxProblem.FULL)
DISTRUSTED = MailFailure(Blame.SENDER, MailboxProblem.DISTRUSTED)
PASSING, MAIL = MailFailure(Blame.PASSING), MailFailure(Blame.MAIL)


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        ("4.0.0", PASSING),
        ("4.1.1", PASSING),
        ("4.2.1", PASSING),
        ("4.2.2", FULL),
        ("4.3.1", PASSING),
        ("4.4.7", PASSING),
        ("4.7.1", DISTRUSTED),
        ("5.0.0", PASSING),
        ("5.1.0", GONE),
        ("5.1.1", GONE),
        ("5.1.2", GONE),
        ("5.1.3", GONE),
        ("5.1.6", GONE),
        ("5.1.7", DISTRUSTED),
        ("5.1.8", DISTRUSTED),
        ("5.1.10", GONE),
        ("5.2.0", PASSING),
        ("5.2.1", DISABLED),
        ("5.2.2", FULL),
        ("5.2.3", MAIL),
        ("5.2.4", PASSING),
        ("5.3.0", MAIL),
        ("5.3.4", MAIL),
        ("5.4.1", PASSING),
        ("5.4.4", PASSING),
        ("5.5.2", MAIL),
        ("5.6.1", MAIL),
        ("5.7.1", DISTRUSTED),
        ("5.7.26", DISTRUSTED),
        ("5.9.9", PASSING),
        ("nonsense", PASSING),
    ],
)
def test_a_status_has_its_failure(status, failure):
    assert failure_of("", status) == failure


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        pytest.param("550 5.1.1 No such user", GONE, id="an enhanced code"),
        pytest.param("552-5.2.2 over quota 552 5.2.2 see", FULL, id="of several lines"),
        pytest.param("550 #5.1.0 Address rejected", GONE, id="with a number sign"),
        pytest.param("450 4.2.0 later", PASSING, id="a temporary one"),
        pytest.param("550 No such user", MailFailure(Blame.CLOSED), id="550 alone"),
        pytest.param("552 Mailbox full", FULL, id="552 alone"),
        pytest.param("553 What name is this", MailFailure(Blame.CLOSED), id="553 alone"),
        pytest.param("554 Go away", DISTRUSTED, id="554 alone"),
        pytest.param("556 No mail here", GONE, id="556 alone"),
        pytest.param("501 Syntax", MAIL, id="a word that the server does not know"),
        pytest.param("451 Later", PASSING, id="4xx alone"),
        pytest.param("no such user", PASSING, id="no code at all"),
        pytest.param("550 5.1.1234 odd", MailFailure(Blame.CLOSED), id="a code that is none"),
    ],
)
def test_the_words_of_a_server_have_their_failure(said, failure):
    assert failure_of(said) == failure


@pytest.mark.parametrize(
    ("status", "said", "failure"),
    [
        pytest.param("5.0.0", "550 5.1.1 No such user", GONE, id="a report without detail"),
        pytest.param("5.0.0", "550 No such user", MailFailure(Blame.CLOSED), id="a bare reply"),
        pytest.param("5.2.2", "550 5.1.1 No such user", FULL, id="a report with detail"),
    ],
)
def test_the_status_of_a_report_decides_unless_it_has_no_detail(status, said, failure):
    assert failure_of(said, status) == failure


@pytest.mark.parametrize(("said", "has"), [("554 5.6.0 no", True), ("554 5 no", False)])
def test_a_status_in_the_words_is_found(said, has):
    assert has_status(said) is has


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_words_have_a_failure(said, status):
    assert failure_of(said, status).blame in Blame
