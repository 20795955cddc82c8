"""The HTML parse mode: its entities, and Telegram's errors."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.errors import ApiError
from bot.playground.text.entities import utf16_length
from bot.playground.text.html import parse_html

FACE = "\N{GRINNING FACE}"


def _read(source: str) -> tuple[str, list[dict[str, Any]]]:
    text, marks = parse_html(source)
    return text, [mark.to_api() for mark in marks]


@pytest.mark.parametrize(
    ("source", "kind", "facts"),
    [
        ("<b>x</b>", "bold", {}),
        ("<strong>x</strong>", "bold", {}),
        ("<i>x</i>", "italic", {}),
        ("<em>x</em>", "italic", {}),
        ("<u>x</u>", "underline", {}),
        ("<ins>x</ins>", "underline", {}),
        ("<s>x</s>", "strikethrough", {}),
        ("<strike>x</strike>", "strikethrough", {}),
        ("<del>x</del>", "strikethrough", {}),
        ("<code>x</code>", "code", {}),
        ("<pre>x</pre>", "pre", {}),
        ("<tg-spoiler>x</tg-spoiler>", "spoiler", {}),
        ('<span class="tg-spoiler">x</span>', "spoiler", {}),
        ("<blockquote>x</blockquote>", "blockquote", {}),
        ("<blockquote expandable>x</blockquote>", "expandable_blockquote", {}),
        ('<blockquote expandable="">x</blockquote>', "expandable_blockquote", {}),
        ('<pre><code class="language-python">x</code></pre>', "pre", {"language": "python"}),
        ('<code class="language-python">x</code>', "code", {}),
        ("<a href='http://a.example/?q=1&amp;r'>x</a>", "text_link", {"url": "http://a.example/?q=1&r"}),
        ('<a href="a.example">x</a>', "text_link", {"url": "http://a.example/"}),
        ('<a href="tg://user?id=5">x</a>', "text_mention", {"user": {"id": 5}}),
        ('<tg-emoji emoji-id="55">x</tg-emoji>', "custom_emoji", {"custom_emoji_id": "55"}),
        (
            '<tg-time unix="1700000000" format="wDT">x</tg-time>',
            "date_time",
            {"unix_time": 1_700_000_000, "date_time_format": "wDT"},
        ),
        ('<tg-time unix="1700000000">x</tg-time>', "date_time", {"unix_time": 1_700_000_000}),
        ("<B>x</b >", "bold", {}),
        ("<b>x</>", "bold", {}),
    ],
)  # fmt: skip
def test_a_tag_becomes_an_entity(source, kind, facts):
    assert _read(source) == ("x", [{"type": kind, "offset": 0, "length": 1} | facts])


@pytest.mark.parametrize(
    "source", ['<a href="nonsense">x</a>', "<b></b>x", '<tg-time unix="0">x</tg-time>', "<a>x</a>"]
)
def test_a_tag_without_meaning_leaves_its_text(source):
    assert _read(source) == ("x", [])


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("&lt;b&gt; &amp; &quot;", '<b> & "'),
        ("&#65;&#x1F600;", f"A{FACE}"),
        ("&nbsp;&copy;", "&nbsp;&copy;"),
        ("&ltx & ;", "&ltx & ;"),
        ("&lt x", "< x"),
        ("&#0; &#1114111;", "&#0; &#1114111;"),
    ],
)
def test_four_character_references_have_names(source, text):
    assert _read(source) == (text, [])


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
        (f"{FACE}é<H1>", 'Unsupported start tag "h1" at byte offset 6'),
        ("a < b > c", 'Unsupported start tag "" at byte offset 2'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b><i>x</i>", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<a href", 'Unclosed start tag "a" at byte offset 0'),
        ("<a =x>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=x/y>z</a>", "Unexpected end of name token at byte offset 8"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<tg-emoji emoji-id="x">x</tg-emoji>', "Invalid custom emoji identifier specified"),
        ('<tg-time unix="5" format="?">x</tg-time>', "Invalid date-time format specified"),
        (
            "&#xD800;",
            (
                "Text contains invalid Unicode characters after decoding HTML entities, "
                "check for unmatched surrogate code units"
            ),
        ),
    ],
)
def test_invalid_html_is_rejected_with_telegrams_errors(source, reason):
    with pytest.raises(ApiError) as error:
        parse_html(source)

    assert error.value.description == f"Bad Request: can't parse entities: {reason}"


WORDS = st.text(st.sampled_from(f'ab <>&"é{FACE}'), max_size=6)
TAGS = {"b": "bold", "i": "italic", "u": "underline", "s": "strikethrough", "code": "code"}


def _escape(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@given(st.lists(st.tuples(st.sampled_from([*TAGS, ""]), WORDS), max_size=6))
def test_written_html_is_read_back(pieces):
    source, text, expected = "", "", []
    for tag, words in pieces:
        source += f"<{tag}>{_escape(words)}</{tag}>" if tag else _escape(words)
        if tag and words:
            place = {"offset": utf16_length(text), "length": utf16_length(words)}
            expected.append({"type": TAGS[tag]} | place)
        text += words

    assert _read(source) == (text, expected)


@given(st.text(st.sampled_from("<>/bi=\"'& #x1;a\n" + FACE), max_size=40))
def test_any_text_is_parsed_or_rejected(source):
    try:
        text, marks = parse_html(source)
    except ApiError:
        return  # no other exception is allowed
    assert all(0 <= mark.offset < mark.end <= utf16_length(text) for mark in marks)
