import json
from operator import itemgetter

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.sources.limits import LONGEST_URL
from bot.sources.urls import (
    _BLANKS,
    _rebuilt,
    are_quick,
    as_typed,
    canonical_url,
    host_of,
    is_link,
    is_tracker,
    logged_url,
    remember,
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://ex.org/a", "https://ex.org/a", id="nothing to do"),
        pytest.param("HTTP://Ex.ORG:80", "https://ex.org/", id="scheme, case, port, root"),
        pytest.param(
            "https://ex.org/a?utm_source=x&b=1&fbclid=2", "https://ex.org/a?b=1", id="trackers"
        ),
        pytest.param("https://ex.org/a?b=2&a=1", "https://ex.org/a?a=1&b=2", id="order of names"),
        pytest.param(
            "https://ex.org/a?k=9f8e7d6c5b", "https://ex.org/a?k=9f8e7d6c5b", id="odd ids stay"
        ),
        pytest.param("https://ex.org/a#top", "https://ex.org/a", id="a place in the page"),
        pytest.param("https://ex.org/#!/news/1", "https://ex.org/#!/news/1", id="a route"),
        pytest.param("https://me:pw@ex.org/a", "https://ex.org/a", id="credentials"),
        pytest.param("https://ex.org/a/../b", "https://ex.org/b", id="dot segments"),
        pytest.param("https://例え.jp/あ", "https://xn--r8jz45g.jp/%E3%81%82", id="other scripts"),
        pytest.param("https://straße.de/a", "https://xn--strae-oqa.de/a", id="a letter of its own"),
        pytest.param("https://ex.org.:443//a///b//", "https://ex.org/a/b/", id="too much of all"),
        pytest.param(
            "https://www.google.co.jp/url?q=https%3A%2F%2Fex.org%2Fa%3Futm_medium%3Dx&sa=U",
            "https://ex.org/a",
            id="a redirect, and a tracker behind it",
        ),
        pytest.param("mailto:a@ex.org", "mailto:a@ex.org", id="no web address"),
        pytest.param("http://[::1", "http://[::1", id="broken"),
    ],
)
def test_an_address_has_one_form(url, expected):
    assert canonical_url(url) == expected


@pytest.mark.parametrize(
    ("url", "host"),
    [
        pytest.param("https://www.Ex.org:8080/a", "ex.org", id="www and port"),
        pytest.param("http://[::1]/", "::1", id="IPv6"),
        pytest.param("nothing", "", id="no address"),
        pytest.param("http://[", "", id="broken"),
    ],
)
def test_the_host_is_bare(url, host):
    assert host_of(url) == host


MISREAD = [
    pytest.param("http://evil.example\\@paper.example/story-1", id="a backslash before a login"),
    pytest.param("https://paper.example\\.evil.example/story-1", id="a backslash in the host"),
    pytest.param("https://paper.example/story-1\\", id="a backslash in the path"),
    pytest.param("https://paper.example@evil.example/story-1", id="a host for a login"),
    pytest.param("https://paper.example:80@evil.example/", id="a host and a port"),
    pytest.param("https://paper%2eexample@evil.example/", id="a host in other signs"),
    pytest.param("https://paper\u3002example@evil.example/", id="a host with another point"),
    pytest.param("https://a@paper.example@evil.example/", id="two logins"),
    pytest.param("https://paper.example/\0story-1", id="a control character"),
    pytest.param("https://paper.example/\u202egpj.1", id="another direction"),
    pytest.param("https://paper.example/" + "a" * LONGEST_URL, id="too long"),
    pytest.param("https://" + "\ufdfa" * 500_000 + "/", id="a giant host"),
]


@pytest.mark.parametrize("url", MISREAD)
def test_addresses_that_readers_take_differently_are_no_links(url):
    assert not is_link(url)
    assert host_of(url) == ""
    assert canonical_url(url) == url.strip()


@pytest.mark.parametrize(
    "url",
    [
        "https://ann:secret@paper.example/feed",
        "https://paper.example/@ann.b/1",
        "https://paper.example/?mail=ann@paper.example",
        " https://paper.example/a\nb ",
        "https://zeitung-süd.example/straße",
    ],
)
def test_addresses_that_only_look_odd_are_links(url):
    assert is_link(url)
    assert host_of(url)


def test_a_host_that_becomes_too_long_keeps_its_form():
    url = "http://" + "\ufdfa" * 15 + ".example/"

    assert canonical_url(url) == url


def test_the_forms_that_a_worker_has_found_are_taken_over():
    remember({"https://ex.org/é,1": "https://ex.org/form"})

    assert canonical_url("https://ex.org/é,1") == "https://ex.org/form"


def test_a_few_odd_addresses_are_quick_and_many_are_not():
    assert are_quick(f"https://ex.org/{n}" for n in range(1000))
    assert are_quick(f"http://10.0.0.1:8123/caf%C3%A9/{n},2" for n in range(1000))
    assert are_quick(f"https://süd.example/{n}" for n in range(30))
    assert not are_quick(f"https://süd.example/{n}" for n in range(100))
    assert not are_quick(["https://ex.org/" + "漢" * 2000])


def test_trackers_are_known_by_name():
    assert is_tracker("UTM_Source")
    assert not is_tracker("id")


_ODD = st.text(alphabet="ab&=?#%/:.@[]+;2CF~é東")


@given(st.one_of(st.text(), _ODD.map("https://ex.org/{}".format), _ODD.map("http://{}".format)))
def test_any_string_has_a_form_that_is_its_own_form(text):
    once = canonical_url(text)

    assert canonical_url(once) == once
    assert isinstance(host_of(text), str)


@given(
    st.from_regex(r"(?:xn--)?[a-zA-Z0-9][a-z0-9.-]{0,9}\.[a-z0-9]{1,3}", fullmatch=True),
    st.sampled_from(["", ":80", ":443", ":8080", ":0080", ":65536"]),
    st.text("aZ0.~_-/%2Fe,;:@[é\u3000😀", max_size=12),
    st.one_of(st.just(""), st.text("abr=&;+%2F~é /?:@[]", max_size=16).map("?utm_x=1&{}".format)),
    st.sampled_from(["", "#", "#top", "#!/a", "#é"]),
)
def test_plain_addresses_have_the_same_form_by_the_slow_way(host, port, path, query, fragment):
    url = _BLANKS.sub("", f"http://{host}{port}/{path}{query}{fragment}")
    try:
        long_way = _rebuilt(url)
        assume(_rebuilt(long_way) == long_way)
    except ValueError:
        long_way = url

    assert canonical_url(url) == long_way


# Few bytes, so that two queries are often alike; among them some that are no valid UTF-8.
_BYTES = st.lists(st.sampled_from([*b"ab1 =&+%", 0xC3, 0xA9, 0xE8, 0xE9, 0xED, 0xFF]), max_size=3)
_PARAMETERS = st.lists(st.tuples(_BYTES.map(bytes), _BYTES.map(bytes)), min_size=1, max_size=3)
_CODES = st.sampled_from(["%{:02X}", "%{:02x}"])


def query_of(parameters: list[tuple[bytes, bytes]], code: str) -> str:
    def escaped(raw: bytes) -> str:
        return "".join(chr(b) if chr(b) in "ab1" else code.format(b) for b in raw)

    return "&".join(f"{escaped(name)}={escaped(value)}" for name, value in parameters)


@given(_PARAMETERS, _PARAMETERS, _CODES, _CODES)
@example([(b"n", b"\xe9")], [(b"n", b"\xe8")], "%{:02X}", "%{:02X}")
@example([(b"\xc3", b"")], [(b"\xff", b"")], "%{:02X}", "%{:02X}")
@example([(b"n", b"\xe9")], [(b"n", b"\xef\xbf\xbd")], "%{:02X}", "%{:02X}")
def test_queries_of_other_bytes_name_other_articles(one, other, code, other_code):
    """Only the order of different names and the case of hexadecimal digits make no difference."""
    is_same = sorted(one, key=itemgetter(0)) == sorted(other, key=itemgetter(0))

    first, second = (
        canonical_url(f"https://ex.org/?{query_of(parameters, how)}")
        for parameters, how in ((one, code), (other, other_code))
    )

    assert (first == second) == is_same


def test_a_redirector_leads_to_the_bytes_that_it_names():
    target = "https://www.google.com/url?q=https%3A%2F%2Fex.org%2F%E9"

    assert canonical_url(target) == "https://ex.org/%E9"


@pytest.mark.parametrize(
    ("url", "public", "name"),
    [
        ("https://a.example/t0/feed?token=1#x", True, "https://a.example/t0/feed"),
        ("https://ann:pw@a.example/feed", True, "https://a.example/feed"),
        ("https://a.example?token=1", True, "https://a.example"),
        ("https://www.a.example:8443/t0/feed?token=1", False, "a.example"),
        ("https://ann:pw@a.example/feed", False, "a.example"),
        ("nonsense", False, "no host"),
    ],
)
def test_the_log_names_an_address_without_what_may_be_secret(url, public, name):
    assert logged_url(url, public=public) == name


def test_the_corpus_of_url_pairs_is_judged_right(corpus):
    pairs = json.loads((corpus / "crafted/url_pairs.json").read_text(encoding="utf-8"))

    apart = [pair for pair in pairs["same"] if len(set(map(canonical_url, pair))) > 1]
    mixed = [pair for pair in pairs["different"] if len(set(map(canonical_url, pair))) == 1]

    assert (apart, mixed) == ([], [])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" https://paper.example/ ", "https://paper.example/"),
        ("paper.example", "https://paper.example"),
        ("www.paper.example/news?a=1", "https://www.paper.example/news?a=1"),
        ("zeitung-süd.example:8080/x", "https://zeitung-süd.example:8080/x"),
        ("feed://paper.example/rss", "http://paper.example/rss"),
        ("feed:https://paper.example/rss", "https://paper.example/rss"),
        ("ftp://paper.example", "ftp://paper.example"),
        ("hello", "hello"),
        ("paper.example:8080", "https://paper.example:8080"),
        ("127.0.0.1:8000/feed", "http://127.0.0.1:8000/feed"),
        ("10.0.0.1/feed", "http://10.0.0.1/feed"),
        ("localhost:8000/feed", "http://localhost:8000/feed"),
        ("[::1]:8000/feed", "http://[::1]:8000/feed"),
        ("1.2.3", "1.2.3"),
        ("localhosts", "localhosts"),
        ("ann@paper.example", "ann@paper.example"),
        ("two words.example", "two words.example"),
        ("", ""),
    ],
)
def test_an_address_without_its_scheme_is_meant_as_one(typed, meant):
    assert as_typed(typed) == meant
