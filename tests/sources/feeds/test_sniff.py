import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.feeds.sniff import decode, decoded

XML = '<?xml version="1.0" encoding="{}"?><t>{}</t>'


@pytest.mark.parametrize(
    ("charset", "declared", "text"),
    [
        pytest.param("utf-8", "utf-8", "Café 東京", id="UTF-8"),
        pytest.param("utf-8", "iso-8859-1", "Café 東京", id="UTF-8 that says Latin-1"),
        pytest.param("cp1252", "utf-8", "Café bar", id="Latin-1 that says UTF-8"),
        pytest.param("cp1252", "utf-8", "Café fermé à Noël", id="French that says UTF-8"),
        pytest.param("cp1252", "iso-8859-1", "“Café”", id="Windows-1252 that says Latin-1"),
        pytest.param("cp1251", "iso-8859-1", "Новости Москвы " * 9, id="Cyrillic, says Latin-1"),
        pytest.param("cp949", "iso-8859-1", "배가 또 늦었다 " * 9, id="Korean that says Latin-1"),
        pytest.param("gb18030", "gb2312", "北京新闻镕", id="more than GB2312 has"),
        pytest.param("euc-jp", "EUC-JP", "東京ニュース", id="EUC-JP"),
        pytest.param("koi8-r", "koi8-r", "Новости Москвы", id="KOI8"),
        pytest.param("big5", "big5", "東京新聞", id="Big5"),
        pytest.param("utf-16", "utf-16", "東京", id="UTF-16 with a mark"),
        pytest.param("utf-16-le", "utf-16", "東京", id="UTF-16 without a mark"),
        pytest.param("utf-8", "no-such-charset", "Café", id="a charset that is none"),
    ],
)
def test_a_declared_charset_is_followed_unless_the_bytes_disprove_it(charset, declared, text):
    assert text in decode(XML.format(declared, text).encode(charset))


NEWS = "Новости Москвы " * 9
META = f'<meta charset="windows-1251"><p>{NEWS}'


@pytest.mark.parametrize(
    ("data", "content_type", "found"),
    [
        pytest.param(
            codecs.BOM_UTF8 + b"<t/>", "", ("<t/>", "utf-8", "by its byte order mark"), id="BOM"
        ),
        pytest.param("<t>é".encode(), "", ("<t>é", "utf-8", "by its bytes"), id="UTF-8"),
        pytest.param(
            XML.format("KOI8-R", NEWS).encode("koi8-r"),
            "",
            (XML.format("KOI8-R", NEWS), "koi8-r", "as it says itself"),
            id="XML",
        ),
        pytest.param(
            NEWS.encode("koi8-r"),
            "text/html; charset=koi8-r",
            (NEWS, "koi8-r", "as its header says"),
            id="HTTP",
        ),
        pytest.param(META.encode("cp1251"), "", (META, "cp1251", "as it says itself"), id="meta"),
        pytest.param(NEWS.encode("cp1251"), "", (NEWS, "cp1251", "guessed"), id="guess"),
    ],
)
def test_a_decoded_document_says_what_gave_its_charset_away(data, content_type, found):
    assert decoded(data, content_type) == found


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_bytes_become_text(data, content_type):
    assert isinstance(decode(data, content_type), str)
