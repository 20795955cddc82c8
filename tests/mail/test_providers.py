import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.codes import counted_as
from bot.mail.headers import NotAnAddressError, read_address


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param("Me@Example.org", id="case"),
        pytest.param("me+news@example.org", id="a tag"),
        pytest.param("me+a+b@example.org", id="two tags"),
    ],
)
def test_spellings_of_one_mailbox_are_counted_together_at_any_provider(spelling):
    assert counted_as(spelling) == "me@example.org"


@pytest.mark.parametrize(
    ("spelling", "mailbox"),
    [
        pytest.param("A.n.n.Lee@gmail.com", "annlee@gmail.com", id="dots at Gmail"),
        pytest.param("ann.lee+x@googlemail.com", "annlee@gmail.com", id="Gmail's other domain"),
        pytest.param("ann+x@outlook.com", "ann@outlook.com", id="a tag at Outlook"),
        pytest.param("ann-lee.x_y@pm.me", "annleexy@proton.me", id="signs at Proton"),
        pytest.param("ann+x@protonmail.com", "ann@proton.me", id="a tag at Proton"),
        pytest.param("ann@me.com", "ann@icloud.com", id="the older domain of iCloud"),
        pytest.param("ann-lee@ya.ru", "annlee@yandex.ru", id="a hyphen at Yandex"),
        pytest.param("ann+x@fastmail.com", "ann@fastmail.com", id="a tag at Fastmail"),
        pytest.param("x@ann.fastmail.com", "ann@fastmail.com", id="a subdomain at Fastmail"),
        pytest.param("x+y@ann.fastmail.fm", "ann@fastmail.fm", id="a subdomain and a tag"),
        pytest.param("ann-x@yahoo.co.uk", "ann@yahoo.co.uk", id="a hyphen at Yahoo"),
    ],
)
def test_spellings_of_one_mailbox_are_counted_together_by_their_providers_rule(spelling, mailbox):
    assert counted_as(spelling) == counted_as(mailbox) == mailbox


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("me@example.org", "you@example.org", id="two names"),
        pytest.param("a.nn@example.org", "ann@example.org", id="a dot elsewhere"),
        pytest.param("ann-lee@example.org", "ann@example.org", id="a hyphen elsewhere"),
        pytest.param("ann@hotmail.com", "ann@outlook.com", id="two domains of one company"),
        pytest.param("x@ann.gmail.com", "ann@gmail.com", id="a subdomain elsewhere"),
        pytest.param("+a@example.org", "+b@example.org", id="nothing but a tag"),
    ],
)
def test_different_mailboxes_are_counted_apart(one, other):
    assert counted_as(one) != counted_as(other)


@given(st.emails())
def test_a_counted_spelling_is_counted_as_itself(email):
    try:
        address = read_address(email)
    except NotAnAddressError:
        return

    assert counted_as(counted_as(address)) == counted_as(address)
