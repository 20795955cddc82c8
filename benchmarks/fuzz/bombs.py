"""Families of documents made to stall their reader, in any size."""

import gzip
import json
from collections.abc import Callable
from typing import Final

Make = Callable[[int], bytes]

_LIGATURE: Final = "\ufdfa"  # of 18 letters


def rss(content: str, attributes: str = "") -> bytes:
    head = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"{attributes}><channel>'
    return f"{head}<title>T</title><link>http://e.org/</link>{content}</channel></rss>".encode()


def entry(content: str = "", link: str = "http://e.org/1") -> str:
    return f"<item><title>A title</title><link>{link}</link>{content}</item>"


def described(unit: str) -> Make:
    return lambda size: rss(entry(f"<description>{_filled(unit, size)}</description>"))


def titled(unit: str) -> Make:
    return lambda size: rss(f"<item><title>{_filled(unit, size)}</title></item>")


def linked(link: str) -> Make:
    """Entries with *link*, in which `#` is a number."""
    return lambda size: rss(_numbered(entry(link=link), size))


def _filled(unit: str, size: int) -> str:
    return unit * max(1, size // len(unit.encode()))


def _numbered(unit: str, size: int) -> str:
    """Repeat *unit*, with a number in place of each `#`."""
    times = max(1, size // len(unit.encode()))
    return "".join(unit.replace("#", format(n, "x")) for n in range(times))


_ATTRIBUTES: Final = ' a#=""'
_SPACES: Final = ' xmlns:a#="u"'
_JSON_HEAD: Final = '{"version":"https://jsonfeed.org/version/1.1","items":['
_MAPS: Final = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'

FEEDS: Final[dict[str, Make]] = {
    "attributes of an entry": lambda size: rss(f"<item{_numbered(_ATTRIBUTES, size)}/>"),
    "attributes of the root": lambda size: rss(entry(), _numbered(_ATTRIBUTES, size)),
    "name spaces of an entry": lambda size: rss(f"<item{_numbered(_SPACES, size)}/>"),
    "name spaces of the root": lambda size: rss(
        entry(_filled("<a/>", size // 2)), _numbered(_SPACES, size // 2)
    ),
    "attributes of many entries": lambda size: rss(
        _filled(f"<item{_numbered(_ATTRIBUTES, 1_500)}/>", size)
    ),
    "attributes of a sitemap": lambda size: (
        f"<urlset {_MAPS}><url{_numbered(_ATTRIBUTES, size)}/></urlset>".encode()
    ),
    "tiny entries": linked("http://e.org/#"),
    "empty entries": lambda size: rss(_filled("<item/>", size)),
    "tiny parts of an entry": lambda size: rss(entry(_filled("<a/>", size))),
    "deep entries": lambda size: rss(entry(_filled("<a>" * 100 + "</a>" * 100, size))),
    "long entries": lambda size: rss(
        _numbered(entry(f"<description>{'Said in A.B. # U.S. ' * 1_000}</description>"), size)
    ),
    "objects of JSON": lambda size: f"{_JSON_HEAD}{_filled('{},', size)}{{}}]}}".encode(),
    "entries of JSON": lambda size: (
        _JSON_HEAD + _numbered('{"id":"#","url":"http://e.org/#","title":"t"},', size) + "{}]}"
    ).encode(),
    "arrays of JSON": lambda size: b'{"items":' + b"[" * size,
    "addresses of a sitemap": lambda size: (
        f"<urlset {_MAPS}>{_numbered('<url><loc>http://e.org/é#</loc></url>', size)}</urlset>"
    ).encode(),
    "one word": described("a"),
    "one word of CJK": described("漢"),
    "one title": titled("a"),
    "ligatures": described(_LIGATURE),
    "references": described("&amp;#x110000;"),
    "open tags": described("&lt;a "),
    "quotes in tags": described("&lt;a b='&gt;"),
    "comments": described("&lt;!--"),
    "mojibake": described("Ã©"),
    "mojibake twice": described("ГўвЂћ"),
    "controls": described("\x85"),
    "directions": described("\u202e"),
    "dates": lambda size: rss(entry(_filled("<pubDate>Xxx, 99 Xxx 2020 99:99:99</pubDate>", size))),
    "links of CJK": linked("http://e.org/" + "漢" * 2_000 + "#"),
    "links of escapes": linked("http://e.org/" + "%41" * 600 + "#"),
    "links of questions": linked("http://e.org/?" + "a&amp;" * 900 + "#"),
    "short odd links": linked("http://e.org/é,#"),
    "a giant link": lambda size: rss(entry(link="http://e.org/" + _filled("漢", size))),
    "a giant host": lambda size: rss(entry(link="http://" + _filled(_LIGATURE, size))),
    "long hosts": linked("http://" + _LIGATURE * 13 + "#.example/"),
    "a guid of parameters": lambda size: rss(
        entry(f"<guid>http://e.org/?{_filled('a&amp;', size)}</guid>")
    ),
    "bytes of no charset": lambda size: (
        rss(entry()).replace(b"utf-8", b"x") + bytes(range(128, 256)) * (size // 128)
    ),
    "packed": lambda size: gzip.compress(bytes(size * 20)),
    "broken": lambda size: b"<rss><channel>" + _filled(entry(), size).encode(),
    "links of a page": lambda size: (
        f"<html><body>{_numbered('<a href=/feed/#>x</a>', size)}</body></html>".encode()
    ),
    "tags of a page": lambda size: b"<html><body>" + b"<a b>" * (size // 5),
    "a page of text": lambda size: b"<html><body><p>" + b"<p>word " * (size // 8),
    "a long text": lambda size: b"Title\n\n" + b"word " * (size // 5),
}

_OUTLINE: Final = '<outline type="rss" xmlUrl="http://e.org/#"{}/>'


def _opml(content: str) -> bytes:
    return f'<opml version="2.0"><head/><body>{content}</body></opml>'.encode()


LISTS: Final[dict[str, Make]] = {
    "a list: attributes": lambda size: _opml(_OUTLINE.format(_numbered(_ATTRIBUTES, size))),
    "a list: name spaces": lambda size: _opml(_OUTLINE.format(_numbered(_SPACES, size))),
    "a list: feeds": lambda size: _opml(_numbered(_OUTLINE.format(""), size)),
    "a list: folders": lambda size: _opml(
        _filled("<outline text='a'>" * 200 + "</outline>" * 200, size)
    ),
    "a list: ampersands": lambda size: _opml(_filled("&", size)),
    "a list: a giant host": lambda size: _opml(
        f'<outline xmlUrl="http://{_filled(_LIGATURE, size)}/"/>'
    ),
}

_BOUNCE: Final = (
    "Subject: failure\n"
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b{}\n\n"
    "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
    "Action: failed\nStatus: 5.1.1\n\n--b--\n"
)

MAILS: Final[dict[str, Make]] = {
    "a mail: parameters": lambda size: _BOUNCE.format(_filled("; a*0=b", size)).encode(),
    "a mail: routes": lambda size: (
        ("To: " + _filled("<@a,", size) + "\n").encode() + _BOUNCE.format("").encode()
    ),
    "a mail: nested comments": lambda size: (
        "Content-Type: text/plain; a=" + "(" * min(size, 4_000) + "\n\nunsubscribe\n"
    ).encode(),
    "a mail: a group amid noise": lambda size: (
        "To: " + _filled("a:;,<>(", size) + "\n" + _BOUNCE.format("")
    ).encode(),
    "a mail: headers": lambda size: _filled("A: b\n", size).encode() + _BOUNCE.format("").encode(),
    "a mail: parts": lambda size: (
        "Content-Type: multipart/mixed; boundary=b\n\n" + _filled("--b\n\n", size)
    ).encode(),
    "a mail: parts in parts": lambda size: _numbered(
        "Content-Type: multipart/mixed; boundary=#\n\n--#\n", size
    ).encode(),
    "a mail: mails in mails": lambda size: _filled(
        "Content-Type: message/rfc822\n\n", size
    ).encode(),
}


def changing_word(version: int) -> bytes:
    """A feed of one entry, whose only word is another in each version."""
    word = f"{version}" + "ab" * 200_000
    items = [{"id": "1", "url": "http://e.org/1", "title": "T", "content_text": f"Said {word}"}]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()
