"""Header fields are read back character by character, by every mail program."""

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.policy import default

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.mail.headers import header_line, with_name

pytestmark = pytest.mark.slow

ADDRESS = "news@dateline.example"
SCRIPTS = "Zürich flies in — 台湾をめぐる für «Свобода» العربية 한국 ไทย 🗞️ e\u0301"
PRINTABLE = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
WORDS = st.sampled_from([*SCRIPTS.split(), "consuls-general", "named…", "=?utf-8?q?x?=", "", "?="])
TEXTS = st.text(PRINTABLE, max_size=300) | st.lists(WORDS, max_size=60).map(" ".join)
NAMES = TEXTS.filter(lambda name: name and not re.fullmatch(r"=\?\S*\?=", name))


def read(line: bytes) -> Message:
    return message_from_bytes(line + b"\r\n")


def decoded(line: bytes) -> str:
    """Return the value as a program reads it that knows only folding and RFC 2047."""
    return str(make_header(decode_header(read(line).values()[0].replace("\r\n", ""))))


def lines(line: bytes) -> list[bytes]:
    assert line.endswith(b"\r\n")
    return line.removesuffix(b"\r\n").split(b"\r\n")


@given(TEXTS)
@example("  two at the start, two  within, two at the end  ")
@example("台湾" * 200)
@example("a" * 2000)
@example(f"{'0' * 68} 0")
@example(" ")
def test_a_subject_is_read_back(subject):
    line = header_line("Subject", subject)

    assert decoded(line) == subject
    assert message_from_bytes(line + b"\r\n", policy=default)["Subject"] == subject
    assert line.isascii()


@given(TEXTS)
def test_no_line_is_longer_than_allowed_and_none_is_blank(subject):
    for line in lines(header_line("Subject", subject)):
        assert len(line) <= (76 if b"=?" in line else 78)
        assert line.strip()


@given(TEXTS)
def test_an_encoded_word_has_whole_characters_and_is_a_word_of_its_own(subject):
    for line in lines(header_line("Subject", subject)):
        for word in re.findall(rb"=\?utf-8\?[bq]\?[^?]*\?=", line):
            assert word == line.removeprefix(b"Subject:").strip()
            assert str(make_header(decode_header(word.decode())))


def test_plain_words_are_not_encoded_and_are_folded_at_spaces():
    line = header_line("Subject", "Fees fall " * 12 + "again")

    assert b"=?" not in line
    assert line.replace(b"\r\n", b"") == b"Subject: " + b"Fees fall " * 12 + b"again"


def test_the_shorter_encoding_is_used():
    assert b"?q?" in header_line("Subject", "Müller flies in for talks")
    assert b"?b?" in header_line("Subject", "台湾をめぐる立場")


@given(NAMES)
@example('A, "B" \\ C')
@example(f"{'0' * 70} 0")
@example("=?utf-8?q?no?= encoded word")
@example(" ")
def test_a_name_before_an_address_is_read_back(name):
    line = header_line("From", with_name(name, ADDRESS))

    unfolded = read(line)["From"].replace("\r\n", "")
    written, _, address = unfolded.rpartition("<")
    if written.startswith('"'):
        assert re.sub(r"\\(.)", r"\1", written.strip()[1:-1]) == name
    else:
        assert str(make_header(decode_header(written.rstrip()))) == name
    assert address == f"{ADDRESS}>"


def test_an_address_without_a_name_keeps_its_brackets():
    line = header_line("From", with_name("", ADDRESS))

    assert line == f"From: <{ADDRESS}>\r\n".encode()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Dateline", id="one word"),
        pytest.param("Zürich, heute", id="beyond ASCII, with a comma"),
        pytest.param('The "Daily" (2)', id="quotes and brackets"),
    ],
)
def test_the_standard_library_reads_the_name_too(name):
    line = header_line("From", with_name(name, ADDRESS))

    (sender,) = message_from_bytes(line + b"\r\n", policy=default)["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, ADDRESS)


def test_a_name_encoded_in_the_setting_is_left_alone():
    value = f"=?utf-8?b?WsO8cmljaA==?= <{ADDRESS}>"

    assert header_line("From", value) == f"From: {value}\r\n".encode()


@pytest.mark.parametrize("name", ["List-Unsubscribe", "References", "Message-ID"])
def test_a_long_address_is_never_encoded_nor_broken(name):
    addresses = [f"<https://news.dateline.example/u/{'A' * 300}>", f"<mailto:{ADDRESS}?subject=x>"]

    line = header_line(name, ", ".join(addresses))

    assert line.replace(b"\r\n", b"").decode() == f"{name}: {', '.join(addresses)}"
    assert all(address.encode() in line for address in addresses)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("news\nBcc: you@example.org", id="a line feed"),
        pytest.param("news\r\n\r\nbody", id="a blank line"),
        pytest.param("<https://example.org/" + "A" * 1000 + ">", id="longer than a line"),
        pytest.param("<https://bücher.example/>", id="letters where none may be encoded"),
    ],
)
def test_a_value_that_fits_no_line_is_refused(value):
    with pytest.raises(ValueError, match=r"linefeed|too long|ascii"):
        header_line("List-Unsubscribe", value)
