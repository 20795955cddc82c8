import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.pages.canonical import address_found, own_address, site_of
from bot.sources.urls import absolute

STORY = "https://news.example/2026/03/storm-hits-harbour"


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("news.example", "news.example"),
        ("amp.news.example", "news.example"),
        ("www.news.co.uk", "news.co.uk"),
        ("news.co.uk", "news.co.uk"),
        ("asahi.co.jp", "asahi.co.jp"),
        ("edition.cnn.com", "cnn.com"),
        ("www.city.kyoto.jp", "city.kyoto.jp"),
        ("ann.medium.com", "ann.medium.com"),
        ("medium.com", "medium.com"),
        ("ann.blogspot.com", "ann.blogspot.com"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_a_host_belongs_to_a_site(host, site):
    assert site_of(host) == site


@pytest.mark.parametrize(
    ("url", "claimed"),
    [
        pytest.param(f"{STORY}?ref=front", STORY, id="without a parameter"),
        pytest.param(f"{STORY}/amp", STORY, id="of the AMP form"),
        pytest.param("https://news.example/7", "/ferry-late", id="a name of two words"),
        pytest.param("https://amp.news.example/storm-hits-harbour", STORY, id="of an AMP host"),
        pytest.param("https://m.news.example/a/123456", STORY, id="of the mobile site"),
        pytest.param("https://news.example/?p=17", STORY, id="of a short form"),
        pytest.param(STORY, "https://news.example/?p=17", id="a number, on the home page's path"),
        pytest.param(f"{STORY}/2", STORY, id="of the second page"),
        pytest.param(f"{STORY}/index.html", f"{STORY}/", id="without its index"),
        pytest.param("https://news.example/news/latest", "/news/8812345", id="relative"),
        pytest.param(
            "https://news.example/a?id=7", "https://news.example/ニュース/嵐", id="Japanese"
        ),
    ],
)
def test_a_page_may_say_where_it_belongs(url, claimed):
    assert own_address(url, claimed).endswith(claimed)


@pytest.mark.parametrize(
    ("url", "claimed"),
    [
        pytest.param(STORY, "", id="nothing"),
        pytest.param(STORY, "https://other.example/2026/03/storm-hits-harbour", id="another site"),
        pytest.param(STORY, "https://news.example/", id="the home page"),
        pytest.param(STORY, "https://news.example/2026", id="a section"),
        pytest.param(STORY, "https://news.example/world", id="another section"),
        pytest.param(STORY, "https://news.example/index.html", id="an index"),
        pytest.param("https://news.example/view?id=7", "https://news.example/view", id="no number"),
        pytest.param("https://ann.blogspot.com/1", "https://bob.blogspot.com/1", id="a neighbour"),
        pytest.param(STORY, "javascript:void(0)", id="no web address"),
        pytest.param(STORY, "http://[", id="broken"),
    ],
)
def test_an_impossible_claim_is_not_believed(url, claimed):
    assert own_address(url, claimed) == url


@given(st.text(), st.text())
def test_any_claim_gives_the_requested_or_the_claimed_address(url: str, claimed: str):
    for asked in (url, STORY):
        assert own_address(asked, claimed) in {asked, absolute(claimed, asked)}


@pytest.mark.parametrize(
    ("url", "found", "believed"),
    [
        pytest.param("https://go.example/x", STORY, True, id="an article elsewhere"),
        pytest.param("https://go.example/x", "https://news.example/", False, id="a home page"),
        pytest.param("https://go.example/x", "https://consent.example/m", False, id="consent"),
        pytest.param(STORY, "https://news.example/login", False, id="a login of the same site"),
    ],
)
def test_a_redirect_names_what_it_leads_to_if_that_looks_like_an_article(url, found, believed):
    assert (address_found(url, found) == found) is believed


@pytest.mark.parametrize(
    "claimed",
    [
        "http://evil.example\\@news.example/storm-hits-harbour-2",
        "https://news.example@evil.example/storm-hits-harbour-2",
        "/storm-hits-\u202eharbour-2",
    ],
)
@pytest.mark.parametrize("url", [STORY, ""], ids=["known", "unknown"])
@pytest.mark.parametrize("read", [own_address, address_found])
def test_claims_that_are_no_links_name_no_page(url, claimed, read):
    assert read(url, claimed) == url
