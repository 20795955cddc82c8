"""Which hosts users see as they are written, and which by their `xn--` form."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bot
from bot.sources.hosts import host_shown, shown_host, shown_url

TEMPLATES = Path(bot.__file__).parents[1] / "templates"


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("paper.example", id="ASCII"),
        pytest.param("xn--pple-43d.com", id="encoded already"),
        pytest.param("müller.de", id="Latin with an accent"),
        pytest.param("əsas.az", id="Latin of Azerbaijan"),
        pytest.param("новости.com", id="Cyrillic, with letters of its own"),
        pytest.param("новости-24.рф", id="digits and a hyphen"),
        pytest.param("сосо.рф", id="Cyrillic that looks Latin, below a Cyrillic domain"),
        pytest.param("сосо.xn--p1ai", id="the same, encoded"),
        pytest.param("ειδήσεις.gr", id="Greek"),
        pytest.param("朝日新聞.com", id="Han"),
        pytest.param("ニュース速報.jp", id="Han and kana"),
        pytest.param("ひらがなカタカナ.jp", id="both kana"),
        pytest.param("nhkニュース.jp", id="Latin and kana"),
        pytest.param("news台灣.tw", id="Latin and Han"),
        pytest.param("ㄅㄆ新聞.tw", id="Han and Bopomofo"),
        pytest.param("한국日報.kr", id="Han and Hangul"),
        pytest.param("kbs뉴스.kr", id="Latin and Hangul"),
        pytest.param("أخبار.مصر", id="Arabic"),
        pytest.param("ข่าว.ไทย", id="Thai, with marks"),
        pytest.param("समाचार.भारत", id="Devanagari, with marks"),
        pytest.param("חדשות.example", id="Hebrew below a Latin domain"),
    ],
)
def test_a_host_that_nobody_mistakes_is_shown_as_it_is_written(host):
    assert shown_host(host) == host
    assert host_shown(f"https://{host}/news") == host


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        pytest.param("аpple.com", "xn--pple-43d.com", id="a Cyrillic letter in Latin"),
        pytest.param("www.аpple.com", "www.xn--pple-43d.com", id="below another label"),
        pytest.param("paper.аpple.com", "paper.xn--pple-43d.com", id="above a good label"),
        pytest.param("googlе.com", "xn--googl-3we.com", id="the last letter"),
        pytest.param("gοοgle.com", "xn--ggle-0nda.com", id="Greek letters in Latin"),
        pytest.param("аррӏе.com", "xn--80ak6aa92e.com", id="all Cyrillic"),
        pytest.param("сосо.example", None, id="below a longer domain"),
        pytest.param("νικα.gr", None, id="all Greek, looking Latin"),
        pytest.param("сосо.日本", None, id="a domain of a third script"),
        pytest.param("news한국ニュース.kr", None, id="Hangul and kana"),
        pytest.param("newsข่าว.com", None, id="Latin and Thai"),
        pytest.param("paperー.com", None, id="a sign like a dash among Latin letters"),
        pytest.param("paperノlogin.com", None, id="a sign like a slash"),
        pytest.param("pa\u200dper.com", None, id="an unseen joiner"),
        pytest.param("paper١.com", None, id="an Arabic digit"),
        pytest.param("ａpple。cоm", None, id="full-width letters and dots"),
    ],
)
def test_a_host_that_looks_like_another_is_shown_encoded(host, shown):
    found = shown_host(host)

    assert found.isascii()
    assert shown is None or found == shown
    assert shown_url(f"https://{host}/ё?q=1") == f"https://{found}/ё?q=1"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        pytest.param("https://paper.example/a?b#c", "https://paper.example/a?b#c", id="ASCII"),
        pytest.param("https://аpple.com:8443/ё", "https://xn--pple-43d.com:8443/ё", id="a port"),
        pytest.param("https://paper.example/ё", "https://paper.example/ё", id="only its path"),
        pytest.param("https://[ё/", "https://[ё/", id="no address"),
        pytest.param("ёлка", "ёлка", id="no URL"),
    ],
)
def test_an_address_is_shown_with_its_host_as_that_is_shown(url, shown):
    assert shown_url(url) == shown


@given(st.text(max_size=30))
def test_any_text_can_be_shown_as_a_host(text):
    assert shown_host(shown_host(text)) == shown_host(text)
    assert isinstance(shown_url(f"https://{text}/"), str)


def test_no_template_shows_a_host_as_it_is_written():
    bare = re.compile(r"\.host\b(?!\|shown_host)|>\{\{ *\w+\.url *\}\}<|trans url=\w+\.url\b(?!\|)")
    found = {
        f"{path.relative_to(TEMPLATES)}: {line.strip()}"
        for path in TEMPLATES.rglob("*.html")
        for line in path.read_text(encoding="utf-8").splitlines()
        if bare.search(line)
    }

    assert found == set()
