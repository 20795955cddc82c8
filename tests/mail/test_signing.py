"""Signatures are verified by the same library, with the key that would be in the DNS."""

import base64
import subprocess

import dkim
import pytest

from bot.mail.compose import DkimSigner, WrongKeyError, message_bytes
from tests.conftest import missing
from tests.mail.mailed import MAIL


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    try:
        return subprocess.run(
            ["openssl", *arguments], input=given, capture_output=True, check=True
        ).stdout
    except FileNotFoundError:
        missing("no openssl to make a key with")


@pytest.fixture(scope="module")
def key() -> bytes:
    return openssl("genrsa", "-traditional", "2048")


def test_a_signature_is_valid_with_the_key_in_the_dns(key):
    signed = DkimSigner.of(key, "news", "dateline.example")(message_bytes(MAIL))
    public = base64.b64encode(openssl("rsa", "-pubout", "-outform", "der", given=key))
    asked = []

    def txt(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return b"v=DKIM1; k=rsa; p=" + public

    assert dkim.verify(signed, dnsfunc=txt)
    assert asked == [b"news._domainkey.dateline.example."]
    assert signed.endswith(message_bytes(MAIL))
    assert b"list-unsubscribe-post" in signed.partition(b"\r\nFrom:")[0].lower()


def test_a_changed_mail_has_no_valid_signature(key):
    signed = DkimSigner.of(key, "news", "dateline.example")(message_bytes(MAIL))
    public = base64.b64encode(openssl("rsa", "-pubout", "-outform", "der", given=key))

    changed = signed.replace(b"Fees fall", b"Fees rise")

    assert not dkim.verify(changed, dnsfunc=lambda *_, **__: b"v=DKIM1; k=rsa; p=" + public)


@pytest.mark.parametrize(
    "wrong",
    [b"", b"no key", b"-----BEGIN CERTIFICATE-----\nAAAA\n"],
    ids=["empty", "text", "a certificate"],
)
def test_a_wrong_key_is_refused_before_the_first_mail(wrong):
    with pytest.raises(WrongKeyError):
        DkimSigner.of(wrong, "news", "dateline.example")
