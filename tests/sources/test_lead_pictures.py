"""Which addresses are pictures worth showing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.lead_pictures import (
    LONGEST_ADDRESS,
    LeadPicture,
    first_worth_showing,
    in_markup,
    pixels,
    worth_showing,
)

BASE = "https://paper.example/feed"


def shown(url: str, width: int | None = None, height: int | None = None) -> str:
    found = worth_showing(LeadPicture(url, width, height), BASE)
    return found.url if found else ""


@pytest.mark.parametrize(
    ("written", "address"),
    [
        pytest.param("https://paper.example/a.jpg", "https://paper.example/a.jpg", id="absolute"),
        pytest.param("/a.jpg", "https://paper.example/a.jpg", id="a path"),
        pytest.param("//img.example/a.jpg", "https://img.example/a.jpg", id="without a scheme"),
        pytest.param("https://img.example/?id=7", "https://img.example/?id=7", id="only a query"),
        pytest.param(
            "https://img.example/鶴.jpg", "https://img.example/%E9%B6%B4.jpg", id="other letters"
        ),
        pytest.param(
            "https://img.example/a'b.jpg", "https://img.example/a%27b.jpg", id="a quotation mark"
        ),
        pytest.param(
            "https://img.example/google-pixel-10.jpg",
            "https://img.example/google-pixel-10.jpg",
            id="a telephone, no counter",
        ),
        pytest.param(
            "https://img.example/crowd-below-the-logo.jpg",
            "https://img.example/crowd-below-the-logo.jpg",
            id="a photograph of a logo",
        ),
    ],
)
def test_a_picture_of_a_publisher_is_worth_showing(written, address):
    assert shown(written) == address


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="nothing"),
        pytest.param("http://paper.example/a.jpg", id="not encrypted"),
        pytest.param("data:image/png;base64,iVBORw0KGgo=", id="data"),
        pytest.param("javascript:alert(1)", id="a script"),
        pytest.param("ftp://paper.example/a.jpg", id="another scheme"),
        pytest.param("https://ann:secret@paper.example/a.jpg", id="a login"),
        pytest.param("https://paper.example@evil.example/a.jpg", id="a login like a host"),
        pytest.param("https://paper.example\\@evil.example/a.jpg", id="a backslash"),
        pytest.param("https://127.0.0.1/a.jpg", id="this machine"),
        pytest.param("https://10.1.2.3/a.jpg", id="a private address"),
        pytest.param("https://93.184.216.34/a.jpg", id="any address by number"),
        pytest.param("https://2130706433/a.jpg", id="an address as one number"),
        pytest.param("https://0x7f.1/a.jpg", id="an address in hexadecimal"),
        pytest.param("https://[::1]/a.jpg", id="IPv6"),
        pytest.param("https://localhost/a.jpg", id="localhost"),
        pytest.param("https://printer.local/a.jpg", id="a name of one network"),
        pytest.param("https://wiki.corp/a.jpg", id="a name of a company"),
        pytest.param("https://paper.example:8443/a.jpg", id="another port"),
        pytest.param("https://paper.example/", id="a front page"),
        pytest.param(f"https://paper.example/{'a' * LONGEST_ADDRESS}.jpg", id="too long"),
        pytest.param(f"https://paper.example/{'鶴' * 200}.jpg", id="too long once encoded"),
        pytest.param("https://paper.example/a.svg", id="a drawing"),
        pytest.param("https://paper.example/film.mp4?x=1", id="a film"),
        pytest.param("https://paper.example/site-logo.png", id="a logo"),
        pytest.param("https://paper.example/avatars/7.png", id="an avatar"),
        pytest.param("https://paper.example/img/sprite.png", id="a sprite"),
        pytest.param("https://paper.example/pixel.gif", id="a pixel"),
        pytest.param("https://paper.example/1x1.gif", id="a pixel by its size"),
        pytest.param("https://paper.example/a-150x150.jpg", id="a thumbnail by its name"),
        pytest.param("https://secure.gravatar.com/avatar/1?s=400", id="a face"),
        pytest.param("https://feeds.feedburner.com/~r/paper/~4/x", id="a counter of FeedBurner"),
        pytest.param("https://ad.doubleclick.net/ad.jpg", id="an advertisement"),
        pytest.param("https://www.facebook.com/tr?id=1", id="a tracker of Facebook"),
        pytest.param("https://sb.scorecardresearch.com/p?c1=2", id="a counter of readers"),
    ],
)
def test_other_addresses_are_refused(url):
    assert shown(url) == ""


@pytest.mark.parametrize(
    ("width", "height", "is_shown"),
    [
        pytest.param(None, None, True, id="unknown"),
        pytest.param(1200, 675, True, id="large"),
        pytest.param(240, 135, True, id="a wide thumbnail"),
        pytest.param(199, None, False, id="narrow"),
        pytest.param(1, 1, False, id="a pixel"),
        pytest.param(728, 90, False, id="a banner"),
    ],
)
def test_a_tiny_picture_is_refused(width, height, is_shown):
    assert bool(shown("https://paper.example/a.jpg", width, height)) == is_shown


def test_the_first_picture_worth_showing_is_chosen():
    pixel, photo = LeadPicture("https://paper.example/pixel.gif"), LeadPicture("/b.jpg", 800, 450)

    found = first_worth_showing([pixel, photo, LeadPicture("/c.jpg")], BASE)

    assert found == LeadPicture("https://paper.example/b.jpg", 800, 450)


def test_the_text_of_a_picture_is_plain_and_short():
    found = worth_showing(LeadPicture("/a.jpg", alt="<b>Rain</b> &amp;\n wind " + "x" * 900), BASE)

    assert found
    assert found.alt.startswith("Rain & wind x")
    assert len(found.alt) <= 300


def test_the_first_picture_of_a_text_is_found_behind_a_counter():
    markup = (
        '<p><img src="https://paper.example/1x1.gif" width="1">Rain.'
        "<img alt='A &quot;crane&quot;' width=640 height='360' src='/c.jpg?a=1&amp;b=2'></p>"
    )

    assert in_markup(markup, BASE) == LeadPicture(
        "https://paper.example/c.jpg?a=1&b=2", 640, 360, 'A "crane"'
    )


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("Rain.", id="no picture"),
        pytest.param("<img", id="broken off"),
        pytest.param("<img alt='x'>", id="without an address"),
        pytest.param('<img src="/1x1.gif">' * 3 + '<img src="/a.jpg">', id="too far back"),
        pytest.param("<imgsrc='/a.jpg'>", id="another tag"),
    ],
)
def test_a_text_without_a_picture_has_none(markup):
    assert in_markup(markup, BASE) is None


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("640", 640), ("640px", 640), ("640.0", 640), (640, 640), (640.4, 640), ("100%", None),
        ("auto", None), ("", None), (None, None), (True, None), (-5, None), (0, None),
        (10**9, None), (float("inf"), None), (float("nan"), None), ("٦٤٠٠", 6400),
    ],
)  # fmt: skip
def test_a_size_is_read_as_sources_write_it(written, size):
    assert pixels(written) == size


@given(st.text(max_size=60), st.text(max_size=200))
def test_any_address_is_refused_or_safe_to_show(url, alt):
    found = worth_showing(LeadPicture(url, alt=alt), BASE)

    if found:
        assert found.url.startswith("https://")
        assert found.url.isascii()
        assert not set(found.url) & set("\"'<>\\ `")
        assert worth_showing(found) == found
        assert "\n" not in found.alt


@given(st.text(alphabet='<img src="/a.jpg">=\' \n', max_size=200))
def test_any_markup_is_searched_without_an_error(markup):
    found = in_markup(markup, BASE)

    assert found is None or found.url.startswith("https://paper.example/")
