import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.headers import LONGEST_ADDRESS, NotAnAddressError, read_address


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        pytest.param("me@example.org", "me@example.org", id="the usual"),
        pytest.param("  me@Example.ORG ", "me@example.org", id="the domain has no case"),
        pytest.param("Ann.Lee+news@example.org", "Ann.Lee+news@example.org", id="the rest has"),
        pytest.param("o'neil@example.org", "o'neil@example.org", id="an apostrophe"),
        pytest.param("me@b\u00fccher.example", "me@xn--bcher-kva.example", id="IDNA"),
        pytest.param("me@\u4f8b\u3048.jp", "me@xn--r8jz45g.jp", id="IDNA, Japanese"),
    ],
)
def test_usual_addresses_are_read(typed, read):
    assert read_address(typed) == read


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param("me", id="no domain"),
        pytest.param("@example.org", id="no local part"),
        pytest.param("me@localhost", id="a host without a dot"),
        pytest.param("me@127.0.0.1", id="numbers"),
        pytest.param("me@[127.0.0.1]", id="an address literal"),
        pytest.param("me@example.org\nBcc: you@example.org", id="a header slipped in"),
        pytest.param("me\r\n@example.org", id="a line break inside"),
        pytest.param("me@example.org>\r\nDATA", id="a command slipped in"),
        pytest.param('"me"@example.org', id="quoted"),
        pytest.param('"a b"@example.org', id="quoted with a space"),
        pytest.param("me(comment)@example.org", id="a comment"),
        pytest.param("Ann <me@example.org>", id="a display name"),
        pytest.param("me%other.example@example.org", id="a percent route"),
        pytest.param("other.example!me@example.org", id="a bang path"),
        pytest.param("me@example.org,you@example.org", id="two"),
        pytest.param("me@you@example.org", id="two signs"),
        pytest.param(".me@example.org", id="a dot first"),
        pytest.param("me.@example.org", id="a dot last"),
        pytest.param("m..e@example.org", id="two dots"),
        pytest.param("-me@example.org", id="like an option"),
        pytest.param("me@example.org.", id="a dot behind"),
        pytest.param("me@-example.org", id="a hyphen first"),
        pytest.param("me@exa_mple.org", id="an underscore in the domain"),
        pytest.param("m\u00e9@example.org", id="a local part beyond ASCII"),
        pytest.param("m\x00e@example.org", id="a control character"),
        pytest.param("a" * 65 + "@example.org", id="a local part too long"),
        pytest.param("a@" + "b" * 64 + ".org", id="a label too long"),
        pytest.param("a" * 20 + "@" + ".".join(["b" * 60] * 4) + ".org", id="a domain too long"),
    ],
)
def test_harmful_text_is_no_address(typed):
    with pytest.raises(NotAnAddressError):
        read_address(typed)


@given(st.text(max_size=80))
def test_an_address_is_always_one_word_of_plain_characters(typed):
    try:
        address = read_address(typed)
    except NotAnAddressError:
        return

    assert address.isascii()
    assert address.isprintable()
    assert not set(address) & set(' <>()[],;:"\\%!')
    assert len(address) <= LONGEST_ADDRESS
    assert read_address(address) == address
