"""Rules of sites: each resolves its examples, and no link can make them leave their hosts."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources import sites
from bot.sources.sites import SiteLookup, _Rule, site_link

_FILE = Path(sites.__file__).with_suffix(".toml")
ROWS: list[dict[str, Any]] = tomllib.loads(_FILE.read_text("utf-8"))["site"]
RULES = [(row["name"], rule) for row in ROWS for rule in row.get("rule", ())]
EXAMPLES = [
    pytest.param(name, rule, link, feeds, id=link.split("//")[1])
    for name, rule in RULES
    for link, *feeds in rule["examples"]
]
_DOCUMENTED = re.findall(
    r"^\| ([^|]+) \| (`[^|]+) \|$",
    (_FILE.parents[2] / "docs/how-to/sources.md")
    .read_text("utf-8")
    .partition("| site | links |")[2]
    .partition("\n\n")[0],
    re.MULTILINE,
)
FEEDS = sorted({feed for _, rule in RULES for _, *feeds in rule["examples"] for feed in feeds})
LINKS = sorted({link for _, rule in RULES for link, *_ in rule["examples"]})


@pytest.mark.parametrize(("name", "rule", "link", "feeds"), EXAMPLES)
def test_a_rule_resolves_its_examples(name: str, rule: dict[str, Any], link: str, feeds: list[str]):
    found = site_link(link)

    assert found
    assert found.site == name
    assert (found.lookup is not None) == ("lookup" in rule)
    completed = found.completed(rule.get("answer", ""))
    assert completed
    assert list(completed.feeds) == feeds


@pytest.mark.parametrize(
    ("site", "link"),
    [(site, link) for site, links in _DOCUMENTED for link in re.findall("`([^`]+)`", links)],
)
def test_the_links_in_the_documentation_are_known(site: str, link: str):
    found = site_link(link)

    assert found
    assert found.site == site


@pytest.mark.parametrize(("name", "rule"), [pytest.param(*row, id=row[0]) for row in RULES])
def test_a_rule_has_an_example_and_few_feeds(name: str, rule: dict[str, Any]):
    assert rule["examples"]
    assert 1 <= len(rule["feeds"]) <= 3
    assert ("answer" in rule) == ("lookup" in rule)


@pytest.mark.parametrize("feed", FEEDS)
def test_the_feed_of_a_rule_is_read_as_it_is(feed: str):
    found = site_link(feed)

    assert found is None or feed in found.feeds


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("https://youtube.com.evil.example/@ann/x", id="a host that begins alike"),
        pytest.param("https://evilyoutube.com/channel/UC0123456789abcdefghijkl", id="ends alike"),
        pytest.param("https://a.b.substack.com/", id="two labels"),
        pytest.param("https://substack.com.evil.example/", id="a domain that begins alike"),
        pytest.param("https://.substack.com/", id="no label"),
        pytest.param("https://github.com:8080/harbour/crane", id="another port"),
        pytest.param("https://github.com\\@evil.example/harbour/crane", id="a backslash"),
        pytest.param("https://evil.example@github.com/x", id="a login like a host"),
        pytest.param("https://github.com/%2e%2e/crane", id="a part of two dots"),
        pytest.param("https://github.com/harbour/%00", id="a null character"),
        pytest.param("https://github.com/harbour/%ff%fe", id="no UTF-8"),
        pytest.param("https://github.com/harbour/cr\nane", id="a line break"),
        pytest.param("https://www.tumblr.com/evil.example%2F", id="a host in a label"),
        pytest.param("https://www.tumblr.com/ann@evil", id="a login in a label"),
        pytest.param("https://open.substack.com/pub/evil.example", id="a dot in a label"),
        pytest.param("https://www.youtube.com/channel/UC1", id="an id that is too short"),
        pytest.param("https://www.threads.net/@ann", id="a site without feeds"),
        pytest.param("ftp://github.com/harbour/crane", id="another scheme"),
        pytest.param("https://[::1", id="half an address"),
        pytest.param("https://github.com:99999/harbour/crane", id="no port"),
        pytest.param("https://www.reddit.com/search?" + "a=b&" * 400 + "q=x", id="parameters"),
        pytest.param("https://github.com/harbour/" + "a" * 201, id="a name that is too long"),
        pytest.param("https://github.com/" + "a/" * 5_000, id="10,000 characters"),
        pytest.param("github", id="a word"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_link_that_only_looks_like_one_of_a_site_has_no_rule(link: str):
    assert site_link(link) is None


@pytest.mark.parametrize(
    ("link", "feed"),
    [
        pytest.param("WWW.Lobste.RS/t/a b", None, id="a blank"),
        pytest.param("lobste.rs/t/c%23", "https://lobste.rs/t/c%23.rss", id="a hash"),
        pytest.param("lobste.rs/t/a'b", "https://lobste.rs/t/a%27b.rss", id="an apostrophe"),
        pytest.param("lobste.rs/t/a%3Fb%2Fc", "https://lobste.rs/t/a%3Fb%2Fc.rss", id="delimiters"),
        pytest.param(
            "https://lobste.rs./t/%7Bsite%7D", "https://lobste.rs/t/%7Bsite%7D.rss", id="braces"
        ),
        pytest.param(
            "LOBSTE.rs/t/日本", "https://lobste.rs/t/%E6%97%A5%E6%9C%AC.rss", id="Japanese"
        ),
        pytest.param(
            "reddit.com/search?q=a%26sort%3Dtop%23",
            "https://www.reddit.com/search.rss?q=a%26sort%3Dtop%23&sort=new",
            id="a parameter in a value",
        ),
        pytest.param("http://ann:pw@social.example/@b", None, id="a login"),
        pytest.param("http://[::1]:80/@b", "http://[::1]:80/@b.rss", id="an address"),
    ],
)
def test_values_are_escaped_where_they_are_placed(link: str, feed: str | None):
    found = site_link(link)

    assert (found and found.feeds[0]) == feed


def _origin(url: str) -> tuple[str, str | None]:
    return urlsplit(url).scheme, urlsplit(url).hostname


@settings(max_examples=300)
@given(link=st.sampled_from(LINKS), tail=st.text(max_size=60), at=st.integers(0, 40))
def test_no_link_leads_a_rule_to_another_host(link: str, tail: str, at: int):
    scheme, _, rest = link.partition("://")
    host, _, path = rest.partition("/")
    found = site_link(f"{scheme}://{host}/{path[:at]}{tail}{path[at:]}")

    fixed = {_origin(feed) for feed in FEEDS} | {(scheme, urlsplit(link).hostname)}
    for feed in found.feeds if found and not found.lookup else ():
        domain = ".".join((urlsplit(feed).hostname or "").split(".")[-2:])
        assert _origin(feed) in fixed or domain in {"tumblr.com", "substack.com"}
        assert feed.isascii()
        assert not set(feed) & set(" \n\r\t<>\"'\\^`")


@settings(max_examples=200)
@given(
    host=st.sampled_from(sorted({urlsplit(link).netloc for link in LINKS})),
    piece=st.text(min_size=1, max_size=8),
    times=st.integers(1, 10_000),
)
def test_a_link_of_any_length_is_judged(host: str, piece: str, times: int):
    site_link(f"https://{host}/{piece * (10_000 // len(piece))}"[: times + 20])


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        pytest.param('{"a": ["x", "https://cast.example/"]}', "https://cast.example/", id="found"),
        pytest.param('{"a": ["x"]}', "", id="a list that is too short"),
        pytest.param('{"a": {"1": 7}}', "", id="a number"),
        pytest.param('{"b": 1}', "", id="another name"),
        pytest.param('"a"', "", id="a text"),
        pytest.param("<html>", "", id="no JSON"),
        pytest.param("", "", id="nothing"),
        pytest.param("[" * 100_000, "", id="deeply nested"),
    ],
)
def test_a_lookup_takes_the_text_at_its_pointer(answer: str, value: str):
    assert SiteLookup("https://a.example/", "feed", "/a/1").value_in(answer) == value


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "javascript:alert(1)", "https://a.example\\@b.example/", ""]
)
def test_a_lookup_gives_no_address_that_is_not_of_the_web(address: str):
    found = site_link("https://podcasts.apple.com/be/podcast/x/id1")
    answer = f'{{"results": [{{"feedUrl": "{address}"}}]}}'.replace("\\", "\\\\")

    assert found
    assert found.completed(answer) is None


def test_a_looked_up_value_must_have_the_form_that_its_rule_wants():
    found = site_link("https://www.youtube.com/@ann")
    assert found
    assert found.lookup
    lookup = replace(found.lookup, patterns=(re.compile('id="([^"]*)"'),))

    assert replace(found, lookup=lookup).completed('id="UC&x=1"') is None
    assert replace(found, lookup=lookup).completed('no "id"') is None


@pytest.mark.parametrize(
    ("links", "feed", "complaint"),
    [
        pytest.param("/{a}", "https://{a}/feed", "is not fixed", id="a host"),
        pytest.param("/{a}", "https://one.example{a}/feed", "is not fixed", id="a part of a host"),
        pytest.param("/{a}", "{a}", "is not fixed", id="an address"),
        pytest.param("/{a}", "https://one.example/{b}", "unknown placeholders", id="a placeholder"),
        pytest.param("/{a}{b}", "https://one.example/", "more than one", id="two in a part"),
        pytest.param("/{a+}/x/*", "https://one.example/", "in two places", id="open twice"),
    ],
)
def test_a_rule_that_could_lead_elsewhere_is_refused(links: str, feed: str, complaint: str):
    with pytest.raises(ValueError, match=complaint):
        _Rule.of({"links": [links], "feeds": [feed]})
