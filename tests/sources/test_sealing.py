"""Secrets are sealed with a key outside the database, and bound to their source."""

from base64 import b64encode

import pytest

from bot.sources.sealing import CannotOpenError, Keyring, NoKeyError, new_key, parse_keys

OLD, NEW = b64encode(bytes(32)).decode(), new_key()


def ring(*keys: str) -> Keyring:
    parsed = parse_keys(",".join(keys))
    return Keyring(lambda: parsed)


def test_an_older_key_opens_and_the_newest_seals():
    sealed = ring(OLD).seal(b"swordfish", 7)
    both = ring(NEW, OLD)

    assert both.open(sealed, 7) == b"swordfish"
    assert not both.is_newest(sealed)
    assert both.is_newest(both.seal(b"swordfish", 7))
    assert b"swordfish" not in sealed


@pytest.mark.parametrize(
    ("change", "source_id", "keys"),
    [
        pytest.param(lambda sealed: sealed, 8, [OLD], id="moved to another source"),
        pytest.param(lambda sealed: sealed, 7, [NEW], id="another key"),
        pytest.param(lambda sealed: sealed, 7, [], id="no key"),
        pytest.param(lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]), 7, [OLD], id="changed"),
        pytest.param(lambda sealed: sealed[:9], 7, [OLD], id="cut off"),
        pytest.param(lambda _: b"", 7, [OLD], id="empty"),
        pytest.param(lambda sealed: b"\x02" + sealed[1:], 7, [OLD], id="another format"),
    ],
)
def test_nothing_else_opens_a_sealed_text(change, source_id, keys):
    sealed = ring(OLD).seal(b"swordfish", 7)

    with pytest.raises(CannotOpenError):
        ring(*keys).open(change(sealed), source_id)


def test_without_a_key_nothing_is_sealed():
    with pytest.raises(NoKeyError):
        ring().seal(b"swordfish", 7)


def test_the_same_text_is_sealed_differently_each_time():
    assert ring(OLD).seal(b"swordfish", 7) != ring(OLD).seal(b"swordfish", 7)


@pytest.mark.parametrize("text", ["short", "x" * 44, "*" * 43, f"{OLD},short"])
def test_a_wrong_key_is_refused_without_quoting_it(text):
    with pytest.raises(ValueError, match="32 random bytes") as raised:
        parse_keys(text)

    assert text not in str(raised.value)
