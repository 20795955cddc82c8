"""Right-to-left text: marks at the start of lines and around names, and no other change."""

import re
from dataclasses import replace
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import callbacks
from bot.publishing.pages import alert_page, edition_page
from bot.publishing.samples import (
    CONSUL,
    NOW,
    TIES,
    sample_alert,
    sample_edition,
    sample_mail,
    sample_snippet,
    sample_story,
)
from bot.publishing.selection import choose
from bot.rendering.bidi import isolate, mark_rtl_lines, starts_ltr, without_controls
from bot.rendering.html import parse_page
from bot.rendering.messages import cut_units
from bot.rendering.renderer import Renderers
from bot.subscribers.mutes import Muted
from bot.web.samples import sample_managed
from storage.enums import Layout, MuteKind

pytestmark = pytest.mark.slow

L, R, FSI, PDI = "\u200e", "\u200f", "\u2068", "\u2069"
MARKS = re.compile(f"[{L}{R}{FSI}{PDI}]")
RENDERERS = Renderers()
ARABIC = RENDERERS.of("ar")

words = st.text(st.sampled_from("ab ابج٣1 .·—🙂\u0301"), max_size=8).map(escape)
pieces = st.one_of(
    words,
    words.map("<b>{}</b>".format),
    words.map("<a href='https://example.org'>x{}</a>".format),
    words.map("<code>{}</code>".format),
    words.map("<i>y<b>{}</b>z</i>".format),
    words.map("<tg-time unix='60'>{}</tg-time>".format),
    st.just("<br>"),
)
blocks = st.lists(
    st.tuples(st.sampled_from(["p", "li", "blockquote", "pre"]), st.lists(pieces, max_size=5)),
    max_size=4,
).map(lambda made: "".join(f"<{tag}>{''.join(inner)}</{tag}>" for tag, inner in made))


def without_marks(text: str) -> str:
    return MARKS.sub("", text)


@given(blocks)
def test_marks_change_no_other_character(html):
    plain, marked = parse_page(html), parse_page(html, direction="rtl")

    assert len(plain.blocks) == len(marked.blocks)
    for before, after in zip(plain.blocks, marked.blocks, strict=True):
        assert without_marks(after.text) == before.text
        assert len(after.entities) == len(before.entities)
        for plain_one, shown in zip(before.entities, after.entities, strict=True):
            assert shown._replace(offset=0, length=0) == plain_one._replace(offset=0, length=0)
            inside = cut_units(after.text, shown.offset, shown.length)
            assert without_marks(inside) == cut_units(
                before.text, plain_one.offset, plain_one.length
            )


@given(blocks)
def test_every_line_with_letters_begins_on_the_right(html):
    for block in parse_page(html, direction="rtl").blocks:
        boxes = [entity for entity in block.entities if entity.type == "pre"]
        if not boxes:
            assert not any(starts_ltr(line) for line in block.text.split("\n"))


@given(blocks)
def test_isolates_end_on_their_line(html):
    for block in parse_page(html, direction="rtl").blocks:
        for line in block.text.split("\n"):
            assert without_controls(line) == line  # each isolate has its end


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Taiwan</p>", f"{R}Taiwan"),
        ("<p>خبر</p>", "خبر"),
        ("<p>12:30</p>", "12:30"),
        ("<p>خبر <b>Taiwan</b>: ٣</p>", f"خبر {FSI}Taiwan{PDI}: ٣"),
        ("<li><a href='https://e.org'>One</a></li>", f"{R}• {FSI}One{PDI}"),
        ("<p>خبر<br>Wire</p>", f"خبر\n{R}Wire"),
        ("<pre>a OR b</pre>", "a OR b"),
        ("<p><b>خبر</b></p>", "خبر"),
        ("<p>خبر \u2066<code>/help</code>\u2069</p>", "خبر \u2066/help\u2069"),
        ("<p>خبر /settings (/help).</p>", f"خبر {L}/settings ({L}/help)."),
        ("<p>/topics: خبر</p>", f"{R}{L}/topics: خبر"),
        ("<p>خبر <b>/topics</b></p>", f"خبر {FSI}/topics{PDI}"),
        ("<p>خبر 1/2 and/or</p>", "خبر 1/2 and/or"),
    ],
    ids=[
        "Latin",
        "Arabic",
        "digits only",
        "bold Latin inside",
        "item with a link",
        "second line Latin",
        "code",
        "bold Arabic",
        "isolated by the sentence",
        "commands",
        "command first",
        "bold command",
        "slashes that are no commands",
    ],
)
def test_a_line_is_marked_if_it_begins_left_to_right(html, text):
    (block,) = parse_page(html, direction="rtl").blocks

    assert block.text == text


def test_commands_in_an_arabic_sentence_keep_their_slash_in_front():
    (settings,) = (one.settings for one in sample_managed() if one.settings.is_paused)

    text = ARABIC.message("chat/stop.html", settings=settings, press=callbacks).text

    assert re.findall(r".?/\w+", text) == [f"{L}/settings", f"{L}/delete_me"]


def test_code_is_copied_without_marks():
    (block,) = parse_page("<p><code>Taiwan</code></p>", direction="rtl").blocks

    (code,) = block.entities
    assert cut_units(block.text, code.offset, code.length) == "Taiwan"


def test_a_pointer_to_an_error_has_the_direction_of_the_line_above():
    (block,) = parse_page("<pre>Taiwan OR (consul\n          ^</pre>", direction="rtl").blocks

    assert block.text == f"Taiwan OR (consul\n{L}          ^"
    assert [entity.length for entity in block.entities] == [len(block.text)]


def test_a_quotation_keeps_the_marks_of_its_lines():
    (block,) = parse_page("<blockquote>Taiwan</blockquote>", direction="rtl").blocks

    (quote,) = block.entities
    assert (quote.offset, quote.length) == (0, len(block.text))


@pytest.mark.parametrize("layout", Layout)
def test_no_other_language_has_marks(layout):
    for language in RENDERERS.offered:
        if language.direction == "rtl":
            continue
        renderer = RENDERERS.of(language.code)
        edition = replace(sample_edition(), language=language.code, layout=layout)
        messages = [sample_alert(renderer), *edition_page(renderer, edition)]
        mail = sample_mail(renderer, edition)
        said = "".join([message.text + (message.rich or "") for message in messages] + [mail.text])
        assert not MARKS.search(said)


def test_a_rich_digest_is_marked_as_right_to_left():
    edition = replace(sample_edition(), language="ar", layout=Layout.RICH)

    (message,) = edition_page(ARABIC, edition)

    assert message.to_json()["is_rtl"]
    assert f"{FSI}<a href=" in (message.rich or "")


def test_values_in_a_sentence_are_isolated():
    said = ARABIC.message(
        "chat/alert.html#muted", muted=Muted(1, MuteKind.LESS, "Example Wire", None)
    )

    assert f"{FSI}Example Wire{PDI}" in said.text


def test_lines_of_a_plain_mail_begin_on_the_right_except_urls():
    text = mark_rtl_lines("* One\n  https://example.org/1\nخبر\n-- ")

    assert text == f"{R}* One\n  https://example.org/1\nخبر\n-- "


@pytest.mark.parametrize(
    "hostile", ["\u202eevil", "\u2066evil", "evil\u2069\u2069", "\u202a\u2068"]
)
def test_no_value_breaks_out_of_its_isolate(hostile):
    shown = isolate(f"{hostile} news")

    assert shown == f"{FSI}{without_controls(hostile)} news{PDI}"
    assert not set(without_controls(hostile)) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2069")


@pytest.mark.parametrize("code", [language.code for language in RENDERERS.offered])
def test_overrides_in_titles_and_names_are_removed(code):
    renderer = RENDERERS.of(code)
    story = replace(sample_story(0), title="\u202eTitle\u202d", publishers=("\u202eWire",))
    topic = replace(TIES, name="\u202dconsul\u202c")
    zone = "Asia/Tokyo"

    choice = choose([topic], [story])
    edition = replace(sample_edition(), language=code, choice=choice)
    mail = sample_mail(renderer, edition)

    alert = alert_page(renderer, story, [topic, CONSUL], sample_snippet(0), zone=zone, now=NOW)
    digest = edition_page(renderer, edition)
    rich = edition_page(renderer, replace(edition, layout=Layout.RICH))

    texts = [alert.text, *(one.text for one in digest), *(one.rich or "" for one in rich)]
    for text in (*texts, mail.subject, mail.text, mail.html):
        assert "Title" in text
        assert not re.search("[\u202a-\u202e]", text)
