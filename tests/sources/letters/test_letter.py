"""Letters of our own making are read, whatever their form, and hostile ones within bounds."""

import pytest

from bot.sources.letters.addresses import AddressPattern, new_token
from bot.sources.letters.authentication import authentication_of
from bot.sources.letters.letter import MailKind, read_letter

HEAD = "From: Cafe <news@cafe.example>\r\nSubject: Beans\r\nMessage-ID: <1@cafe.example>\r\n"
STORY = "The price of beans rose on Monday, traders said in Taiwan."


def letter(body: bytes | str, content_type: str, *more: str) -> bytes:
    head = HEAD + "".join(f"{line}\r\n" for line in (*more, f"Content-Type: {content_type}"))
    return head.encode() + b"\r\n" + (body.encode() if isinstance(body, str) else body)


def test_the_footer_and_hidden_text_are_no_part_of_the_text():
    html = (
        "<div style='display:none'>A preheader that nobody sees</div>"
        "<table><tr><td><a href='https://cafe.example/w/1?utm_source=x'>View in browser</a></td>"
        "</tr>"
        f"<tr><td><p>{STORY}</p><p>Prices may fall again.</p></td></tr>"
        "<tr><td>Cafe Ltd, 12 Main Street, 10115 Berlin</td></tr>"
        "<tr><td><a href='https://cafe.example/u'>Unsubscribe</a></td></tr></table>"
    )

    found = read_letter(letter(html, "text/html; charset=utf-8"))

    assert found.text == f"{STORY}\n\nPrices may fall again."
    assert found.web_version == "https://cafe.example/w/1"
    assert found.summary == "A preheader that nobody sees"


@pytest.mark.parametrize(
    ("text", "charset", "declared"),
    [
        pytest.param("台湾の新聞が価格を報じた。", "iso2022_jp", "ISO-2022-JP", id="ISO-2022-JP"),
        pytest.param("台湾の新聞が価格を報じた。", "iso2022_jp", "", id="undeclared ISO-2022-JP"),
        pytest.param("台湾报纸今天报道了价格上涨。", "gb18030", "gb2312", id="GB18030"),
        pytest.param("صحيفة في تايوان عن الأسعار", "utf-8", "us-ascii", id="wrongly declared RTL"),
    ],
)
def test_a_text_is_decoded_in_its_charset(text, charset, declared):
    content_type = f"text/plain; charset={declared}" if declared else "text/plain"

    assert read_letter(letter(text.encode(charset), content_type)).text == text


def test_a_mail_with_a_thousand_nested_parts_is_read_to_its_limit():
    body = "".join(
        f"--b{n}\r\nContent-Type: multipart/mixed; boundary=b{n + 1}\r\n\r\n" for n in range(1000)
    )

    assert read_letter(letter(body, "multipart/mixed; boundary=b0")).text == ""


def test_an_attached_mail_is_the_letter_and_the_forwarder_its_sender():
    inner = f"From: Times <t@times.example>\r\nSubject: Rise\r\n\r\n{STORY}\r\n"
    body = f"--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n"

    found = read_letter(letter(body, "multipart/mixed; boundary=b"))

    assert (found.address, found.by, found.subject) == ("news@cafe.example", "Times", "Rise")
    assert found.text == STORY


def test_a_report_of_a_mail_server_is_no_letter():
    found = read_letter(letter("", "multipart/report; boundary=b"))

    assert found.kind is MailKind.REPORT


def test_a_line_break_in_an_encoded_subject_stays_on_one_line():
    mail = b"Subject: =?utf-8?Q?One=0D=0ABcc:_x@y?=\r\n\r\nText"

    assert "\n" not in read_letter(mail).subject


def test_only_the_results_of_our_own_server_count():
    fields = ["mx.evil.example; dkim=pass header.d=times.example", "mx.ours.example; dkim=fail"]

    assert authentication_of(fields, "mx.ours.example", "a@times.example").proof == ""
    assert authentication_of(fields, "", "a@times.example").proof == ""


def test_the_envelope_decides_about_the_recipient():
    pattern, tokens = AddressPattern("news@bot.example"), [new_token(), new_token()]
    head = f"To: {pattern.of(tokens[1])}\r\nDelivered-To: {pattern.of(tokens[0]).upper()}\r\n\r\n"

    assert pattern.tokens(head.encode()) == [tokens[0]]


def test_no_field_of_a_letter_keeps_a_control_that_a_database_refuses():
    head = "From: =?utf-8?q?eve=00=ud800=40elsewhere.example?=\r\nList-Id: <fog\0.example>\r\n"
    way = "List-Unsubscribe: <mailto:leave\0@fog.example>\r\n"

    read = read_letter(f"{head}{way}\r\nFog.".encode())

    assert "\0" not in str(read.to_json().values())
    assert "\\x00" not in str(read.to_json())
    assert read.list_id == "fog.example"


def test_a_short_letter_whose_footer_has_its_only_link_asks_for_no_confirmation():
    html = f"<p>{STORY}</p><p>You receive this because you subscribed. Unsubscribe <a href='https://cafe.example/u'>here</a></p>"

    found = read_letter(letter(html, "text/html; charset=utf-8"))

    assert (found.confirms, found.may_confirm) == ("", "")


def test_a_raw_subject_is_read_in_the_charset_of_the_text():
    content_type = "Content-Type: text/plain;\r\n charset=gbk"
    head = f"From: a@cafe.example\r\nSubject: 豆价上涨了\r\n{content_type}\r\n"

    assert read_letter(f"{head}\r\n豆价".encode("gbk")).subject == "豆价上涨了"


def test_spaces_after_a_soft_line_break_are_no_text():
    quoted = letter("one =\x20\r\ntwo", "text/plain", "Content-Transfer-Encoding: quoted-printable")

    assert read_letter(quoted).text == "one two"


@pytest.mark.parametrize(
    "field",
    [
        pytest.param("https://cafe.example/u", id="without brackets"),
        pytest.param("=?us-ascii?Q?=3Chttps=3A=2F=2Fcafe=2Eexample=2Fu=3E?=", id="encoded"),
        pytest.param("<mailto:u@cafe.example>,\r\n <https://cafe.example/u>", id="folded"),
    ],
)
def test_the_way_to_unsubscribe_is_read_as_senders_write_it(field):
    found = read_letter(letter(STORY, "text/plain", f"List-Unsubscribe: {field}"))

    assert found.unsubscribing.url == "https://cafe.example/u"
