"""The address and the size with which a lead picture is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.shown_pictures import PictureProxy, ShownPicture, shown_picture
from bot.sources.lead_pictures import LeadPicture

CRANE = LeadPicture("https://paper.example/crane.jpg?a=1&b=2", 1200, 675, "A crane")
PROXY = PictureProxy.parse("https://img.example.org/{width}x{height}/{url}")


def test_a_picture_is_shown_directly_and_scaled_down():
    assert shown_picture(CRANE, None, 600) == ShownPicture(
        CRANE.url, 600, 338, "A crane", "paper.example"
    )


def test_a_small_picture_is_not_enlarged():
    shown = shown_picture(CRANE._replace(width=300, height=200), None, 600)

    assert (shown.width, shown.height) == (300, 200)


def test_a_picture_of_unknown_size_has_no_height():
    shown = shown_picture(CRANE._replace(width=None, height=None), None, 600)

    assert (shown.width, shown.height) == (600, None)


def test_the_proxy_gets_the_encoded_address_and_the_size():
    shown = shown_picture(CRANE, PROXY, 600)

    encoded = "https%3A%2F%2Fpaper.example%2Fcrane.jpg%3Fa%3D1%26b%3D2"
    assert shown.url == f"https://img.example.org/600x338/{encoded}"
    assert (shown.host, shown.origin) == ("img.example.org", "https://img.example.org")


def test_the_proxy_keeps_the_shape_of_a_picture_of_unknown_size():
    shown = shown_picture(CRANE._replace(width=None, height=None), PROXY, 600)

    assert "/600x0/" in shown.url


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("https://img.example.org/{url}", id="only the address"),
        pytest.param("https://img.example.org/?u={url}&w={width}", id="in the query"),
        pytest.param("http://127.0.0.1:8081/{url}", id="on this machine"),
    ],
)
def test_a_proxy_is_named_by_a_template(template):
    assert PictureProxy.parse(template).template == template


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        pytest.param("http://img.example.org/{url}", "write an https address", id="http"),
        pytest.param("img.example.org/{url}", "write an https address", id="no scheme"),
        pytest.param("https://ann:x@img.example/{url}", "write an https address", id="a login"),
        pytest.param("https://img.example.org/", "it needs {url} once", id="no address"),
        pytest.param("https://{url}/x", "it needs {url} once", id="as the host"),
        pytest.param("https://img.example/{url}{url}", "it needs {url} once", id="twice"),
        pytest.param("https://img.example/{size}/{url}", "no other braces", id="unknown"),
        pytest.param("https://img.example/{/{url}", "no other braces", id="a stray brace"),
        pytest.param("https://img.example/{0}/{url}", "no other braces", id="a number"),
    ],
)
def test_a_template_that_cannot_be_used_is_explained(template, sentence):
    with pytest.raises(ValueError, match=sentence):
        PictureProxy.parse(template)


@given(st.text(max_size=50))
def test_no_address_of_a_picture_leaves_its_place_in_the_template(path):
    url = PROXY.address(f"https://paper.example/{path}", 1, 1) if path.isascii() else ""

    assert url.count("/") in {0, 4}
    assert "?" not in url
