import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.newsroom.pictures import picture_url
from bot.sources.channels.addresses import PreviewPage
from bot.sources.channels.gaps import hash_of_posts
from bot.sources.channels.posts import LONGEST_POST_TITLE
from bot.sources.channels.preview import (
    LONGEST_POST,
    MOST_POSTS,
    read_preview,
)
from bot.sources.feeds.model import DocumentKind, Unreadable
from tests.sources.channels_made import NAME, ORIGIN, START, contact, page, page_of, post

PAGE = PreviewPage(ORIGIN, NAME)


def read(text: str):
    return read_preview(text, PAGE)


def only_item(element: str):
    (item,) = read(page(element)).items
    return item


def test_posts_are_read_newest_first_with_their_permanent_links():
    document = read(page_of(7, 8, 9))

    assert (document.kind, document.title) == (DocumentKind.CHANNEL, "Quay News")
    assert document.url == f"{ORIGIN}/{NAME}"
    assert [item.url for item in document.items] == [f"{ORIGIN}/{NAME}/{n}" for n in (9, 8, 7)]
    newest = document.items[0]
    assert (newest.title, newest.guid) == ("Ferry 9 to Kinmen is late.", newest.url)
    assert newest.text == "Its passengers wait on the quay of Tainan."
    assert newest.published == START + timedelta(minutes=9)
    assert newest.language == "en"


def test_the_parts_of_a_post_become_words_and_fields():
    item = only_item(
        post(
            5,
            text="The harbour opens again today.\nA plan is attached.",
            author="Night Desk",
            forwarded="Strait Notes",
            forwarded_from="strait_notes",
            reply="Quoted words of another post",
            pictures=2,
            poll="Who sails first?",
            options=("The ferry", "The tug"),
            file="plan-of-the-pier.pdf",
        )
    )

    words = f"{item.title} {item.text}"
    for part in ("harbour opens", "plan is attached", "Who sails", "The tug", "plan-of-the-pier"):
        assert part in words
    for foreign in ("Quoted", "views", "50%", "Anonymous", "1.2 MB", "Strait", "Night", "👍"):
        assert foreign not in words
    assert item.author == "Night Desk"
    assert (item.credit, item.credit_url) == ("Strait Notes", f"{ORIGIN}/strait_notes/1")
    assert item.picture.url.endswith("sample_quay-5-0.png")


@pytest.mark.parametrize(
    ("about", "read_as"),
    [
        pytest.param("News of the quay.", "News of the quay.", id="plain"),
        pytest.param("<b>Quay</b> & <script>go()</script>", None, id="markup is text"),
        pytest.param("Quay\u202enews\u2066 of\ufeff today", "Quaynews of today", id="bidi"),
        pytest.param("a\x00b\x1bc", "abc", id="controls"),
        pytest.param("  many \t blanks  ", "many blanks", id="blanks"),
        pytest.param("ab" * 5_000, "ab" * 250, id="10,000 characters"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_the_description_of_a_channel_is_short_plain_text(about, read_as):
    described = read(page(post(1), about=about)).description

    assert described == (about if read_as is None else read_as)


def test_the_description_keeps_its_lines():
    text = page(post(1), about="ABOUT").replace("ABOUT", "Quay news.<br/>Every <b>day</b>.")

    assert read(text).description == "Quay news.\nEvery day."


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://cdn.example/file/quay.jpg", "https://cdn.example/file/quay.jpg"),
        ("//cdn.example/file/quay.jpg", "https://cdn.example/file/quay.jpg"),
        ("http://cdn.example/file/quay.jpg", ""),
        ("https://127.0.0.1/quay.jpg", ""),
        ("https://quay.internal/quay.jpg", ""),
        ("https://ann:word@cdn.example/quay.jpg", ""),
        ("javascript:go()", ""),
        ("data:image/png;base64,AAAA", ""),
        ("https://cdn.example/" + "q" * 10_000, ""),
    ],
)
def test_the_picture_of_a_channel_is_a_public_address(address, kept):
    drawn = picture_url(NAME)

    assert read(page(post(1)).replace(drawn, address)).picture == kept


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"text": "Channel created", "service": True}, id="service message"),
        pytest.param({"pictures": 1}, id="bare picture"),
        pytest.param({"text": "👍 !"}, id="signs only"),
    ],
)
def test_posts_without_words_are_left_out(parts):
    assert [item.guid for item in read(page(post(4), post(5, **parts))).items] == [
        f"{ORIGIN}/{NAME}/4"
    ]


def test_a_notice_of_telegram_is_no_word_of_a_post():
    notice = (
        '<div class="message_media_not_supported_wrap">'
        "Please open Telegram to view this post</div></div>"
    )
    item = only_item(post(4).replace('<div class="tgme_widget_message_footer">', notice))

    assert "open Telegram" not in f"{item.title} {item.text}"


def test_a_post_that_is_merely_a_link_is_the_linked_article():
    link = "https://news.example/ferry?utm_source=x"
    mere = only_item(post(4, text=f"#news {link}", link=link, link_title="Ferry Sinks off Tainan"))
    own = only_item(post(4, text=f"What a day: {link}", link=link, link_title="Ferry Sinks"))

    assert (mere.url, mere.title) == (link, "Ferry Sinks off Tainan")
    assert mere.guid == own.guid == f"{ORIGIN}/{NAME}/4"
    assert own.url == own.guid
    assert "Sinks" not in f"{own.title} {own.text}"


def test_doubled_text_elements_are_read_once():
    item = only_item(
        post(4).replace(
            'js-message_text" dir="auto">',
            'js-message_text" dir="auto"><div class="tgme_widget_message_text">',
        )
    )

    assert f"{item.title} {item.text}".count("Ferry 4") == 1


def test_counters_do_not_change_the_hash_of_the_posts_but_edits_do():
    before, later = read(page_of(1, 2, views=10)), read(page_of(1, 2, views=9_000))
    edited = read(page(post(1), post(2, text="Ferry 2 is on time after all.")))

    assert hash_of_posts(before) == hash_of_posts(later) != hash_of_posts(edited)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(contact(), "no_channel", id="nobody"),
        pytest.param(contact("Ann", "@sample_quay", "Send Message"), "telegram_user", id="user"),
        pytest.param(contact("Crew", "31 members, 4 online", "View"), "telegram_group", id="group"),
        pytest.param(contact("Tool", "9 monthly users", "Start Bot"), "telegram_bot", id="bot"),
        pytest.param(contact("Quay", "1 204 subscribers"), "no_preview", id="no preview"),
        pytest.param(page(), "no_preview", id="no posts"),
        pytest.param("<html>", "no_channel", id="empty page"),
    ],
)
def test_a_page_without_posts_says_what_it_is(text, reason):
    with pytest.raises(Unreadable) as refused:
        read(text)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("<b>a</b> " * 10_000, id="10,000 entities"),
        pytest.param("<i>" * 20_000 + "deep", id="nested markup"),
        pytest.param("word " * 400_000, id="a long text"),
        pytest.param('<div class="tgme_widget_message_text">x ' * 5_000, id="nested texts"),
        pytest.param(
            '<div class="tgme_widget_message" data-post="a/9">x ' * 5_000, id="nested posts"
        ),
        pytest.param('<a class="tgme_widget_message_link_preview" href="//x">' * 3_000, id="cards"),
        pytest.param('<time datetime="x">' * 20_000, id="dates"),
    ],
)
def test_hostile_posts_are_bounded(text):
    hostile = post(3).replace("Ferry 3", text)

    for item in read(page(hostile, post(4))).items:
        assert len(item.title) <= LONGEST_POST_TITLE + 1
        assert len(item.text) <= LONGEST_POST


def test_only_the_newest_posts_of_a_giant_page_are_read():
    assert len(read(page_of(*range(1, 3_000))).items) == MOST_POSTS


WHOLE = page(
    post(1, text="A ferry sinks.", pictures=1, reply="x"),
    post(2, poll="Who?", options=("a b", "c d"), forwarded="Notes", forwarded_from="notes"),
    post(3, text="b c", link="https://news.example/1", link_title="A title", file="a.pdf"),
)


@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_mutated_pages_are_read_or_refused(rng: random.Random, changes: int):
    text = list(WHOLE)
    for _ in range(changes):
        at = rng.randrange(len(text))
        match rng.randrange(3):
            case 0:
                del text[at : at + rng.randrange(200)]
            case 1:
                text[at : at + 1] = rng.choice(
                    ["<", ">", '"', "\0", "\ud800", "&", "</div>", "9" * 30]
                )
            case _:
                start = rng.randrange(len(text))
                text[at:at] = text[start : start + rng.randrange(300)]
        text = text or ["x"]

    try:
        document = read("".join(text))
    except Unreadable:
        return
    for item in document.items:
        assert item.guid.startswith(f"{ORIGIN}/{NAME}/")
        assert item.title
