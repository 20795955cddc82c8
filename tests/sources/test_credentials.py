"""What may be set for a source, and where it may be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.credentials import (
    AccessKind,
    Credentials,
    Flaw,
    Proxy,
    WrongAccessError,
    origin_of,
)

PAPER = Credentials.of_source("https://paper.example/feed.xml")
PLAIN = Credentials.of_source("http://paper.example/feed.xml")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param(lambda a: a.with_cookie("a=b\r\nX: y"), Flaw.CONTROL, id="line break"),
        pytest.param(lambda a: a.with_cookie("a=b\x00"), Flaw.CONTROL, id="NUL"),
        pytest.param(lambda a: a.with_cookie("a=\u2028b"), Flaw.CONTROL, id="line separator"),
        pytest.param(lambda a: a.with_cookie("a=é"), Flaw.CONTROL, id="not ASCII"),
        pytest.param(lambda a: a.with_cookie("a=" + "b" * 9_000), Flaw.TOO_LONG, id="long cookie"),
        pytest.param(lambda a: a.with_cookie(" \n"), Flaw.EMPTY, id="empty cookie"),
        pytest.param(lambda a: a.with_user_agent("Me\nHost: x"), Flaw.CONTROL, id="User-Agent"),
        pytest.param(lambda a: a.with_user_agent("日本"), Flaw.CONTROL, id="foreign User-Agent"),
        pytest.param(lambda a: a.with_token("a\tb"), Flaw.CONTROL, id="tab in a token"),
        pytest.param(lambda a: a.with_header("X-Key"), Flaw.HEADER_FORM, id="no value"),
        pytest.param(lambda a: a.with_header("X Key: 1"), Flaw.HEADER_FORM, id="space in a name"),
        pytest.param(lambda a: a.with_header("X-Key : 1"), Flaw.HEADER_FORM, id="space after it"),
        pytest.param(lambda a: a.with_header(": 1"), Flaw.HEADER_FORM, id="no name"),
        pytest.param(lambda a: a.with_header("X-Key: 1\n Y: 2"), Flaw.CONTROL, id="folded"),
        pytest.param(lambda a: a.with_header("host: x"), Flaw.HEADER_REFUSED, id="Host"),
        pytest.param(lambda a: a.with_header("Content-Length: 1"), Flaw.HEADER_REFUSED, id="len"),
        pytest.param(lambda a: a.with_header("TE: x"), Flaw.HEADER_REFUSED, id="hop by hop"),
        pytest.param(
            lambda a: a.with_header("Proxy-Authorization: x"), Flaw.HEADER_REFUSED, id="Proxy-*"
        ),
        pytest.param(lambda a: a.with_header("Cookie: x"), Flaw.HEADER_HAS_OPTION, id="Cookie"),
        pytest.param(lambda a: a.with_login("a:b", "x"), Flaw.COLON, id="colon in a name"),
        pytest.param(lambda a: a.with_login("ann", ""), Flaw.EMPTY, id="no password"),
        pytest.param(lambda a: a.with_login("ann", "x\ny"), Flaw.CONTROL, id="two lines"),
        pytest.param(
            lambda a: a.with_login("ann", "x").with_token("y"), Flaw.TWO_AUTHORIZATIONS, id="both"
        ),
        pytest.param(
            lambda a: a.with_header("Authorization: x").with_token("y"),
            Flaw.TWO_AUTHORIZATIONS,
            id="header and token",
        ),
        pytest.param(lambda a: a.with_proxy("ftp://gate:21"), Flaw.PROXY_FORM, id="ftp"),
        pytest.param(lambda a: a.with_proxy("socks5://gate"), Flaw.PROXY_FORM, id="no port"),
        pytest.param(lambda a: a.with_proxy("http://gate:1/x"), Flaw.PROXY_FORM, id="path"),
        pytest.param(lambda a: a.with_proxy("http://gate:99999"), Flaw.PROXY_FORM, id="port"),
        pytest.param(lambda a: a.with_proxy("http://a%0d:b@gate:1"), Flaw.CONTROL, id="escaped"),
    ],
)
def test_a_wrong_value_is_refused_without_quoting_it(change, fault):
    with pytest.raises(WrongAccessError) as raised:
        change(PAPER)

    assert raised.value.fault is fault
    assert "X: y" not in str(raised.value)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda a: a.with_login("ann", "x"), id="login"),
        pytest.param(lambda a: a.with_token("x"), id="token"),
        pytest.param(lambda a: a.with_cookie("x"), id="cookie"),
        pytest.param(lambda a: a.with_header("X-Key: x"), id="header"),
    ],
)
def test_a_secret_is_refused_for_a_source_without_encryption(change):
    with pytest.raises(WrongAccessError) as raised:
        change(PLAIN)

    assert raised.value.fault is Flaw.NOT_ENCRYPTED


def test_a_source_without_encryption_may_have_a_proxy_and_a_user_agent():
    access = PLAIN.with_user_agent("Mine/1").with_proxy("socks5h://gate.example:1080")

    assert access.kinds == [AccessKind.USER_AGENT, AccessKind.PROXY]
    assert access.proxy == Proxy("socks5", "gate.example", 1080)


def test_the_number_of_headers_and_their_size_are_limited():
    access = PAPER
    for number in range(20):
        access = access.with_header(f"X-{number}: 1")

    with pytest.raises(WrongAccessError) as too_many:
        access.with_header("X-20: 1")
    with pytest.raises(WrongAccessError) as too_long:
        PAPER.with_header(f"A: {'x' * 7_900}").with_header(f"B: {'x' * 7_900}")

    assert too_many.value.fault is Flaw.TOO_MANY_HEADERS
    assert too_long.value.fault is Flaw.TOO_LONG
    assert access.with_header("x-0: 2").headers[-1] == ("x-0", "2")


def test_a_password_keeps_its_spaces_and_other_letters():
    access = PAPER.with_login("ann", " pä ss \n")

    assert access.password == " pä ss "


def test_a_representation_shows_no_value():
    access = (
        PAPER.with_login("ann", "swordfish")
        .with_cookie("swordfish")
        .with_header("X-Key: swordfish")
        .with_proxy("http://me:swordfish@gate.example:1")
    )

    assert repr(access) == "Credentials(login, cookie, headers, proxy)"
    assert "swordfish" not in repr(access.proxy)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Paper.example/x", "https://paper.example:443"),
        ("http://paper.example:8080", "http://paper.example:8080"),
        ("https://[::1]/", "https://[::1]:443"),
        ("https://bücher.example/", "https://xn--bcher-kva.example:443"),
    ],
)
def test_an_origin_has_scheme_host_and_port(url, origin):
    assert origin_of(url) == origin


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_breaks_a_header(name, value):
    try:
        access = PAPER.with_header(f"{name}: {value}").with_cookie(value)
    except WrongAccessError:
        return

    for line in access.headers_for("https://paper.example/").items():
        assert all(part.isascii() and part.isprintable() for part in line)


@given(st.text(max_size=300))
def test_a_proxy_is_read_or_refused(text):
    try:
        proxy = Proxy.parse(text)
    except WrongAccessError:
        return

    assert 0 < proxy.port < 65_536


def test_the_sealed_form_is_read_back_whole():
    access = (
        PAPER.with_login("ann", "pä")
        .with_header("X-Key: 1")
        .with_user_agent("Me/1")
        .with_proxy("http://gate.example:1")
    )

    assert Credentials.unpacked(access.packed()) == access
    assert access.without(AccessKind.LOGIN).without(AccessKind.HEADERS).kinds == [
        AccessKind.USER_AGENT,
        AccessKind.PROXY,
    ]
