"""Ways to mutate a document: truncate, flip, nest, compress, mislabel and more."""

import gzip
import io
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

SECRET_FILE = Path(__file__).with_name("secret.txt")  # no document may include it
MAX_BYTES = 11_000_000  # a little more than is read
_HEAVY_SHARE = 0.001  # each takes ten seconds, until its worker is killed
_TAG = re.compile(rb"<[^<>]{1,300}>")
_NUMBER = re.compile(rb"\d+")
_CHARSETS = ("utf-16", "utf-16-be", "utf-32", "shift_jis", "gb18030", "koi8-r", "cp1252", "utf-7")
_LABELS = (*_CHARSETS, "iso-2022-jp", "x-user-defined", "nonsense", "ebcdic-cp-us", "", "base64")
_NUMBERS = (
    b"0", b"-1", b"99999999999999999999", b"1e999", b"\xd9\xa3", b"NaN", b"0x10", b"9" * 5000,
)  # fmt: skip
_WORDS = (
    b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?xml", b"?>", b"<!DOCTYPE", b"&#0;", b"&#xD800;",
    b"&#x110000;", b"&nbsp;", b"&amp;amp;", b"\xef\xbb\xbf", b"\xff\xfe", b"\\ud800", b"\\u0000",
    b"null", b"[]", b"{}", b"true", b'"', b"'", b"<svg/onload=alert(1)>", b"javascript:alert(1)",
    b"http://[::1", b"//", b"data:text/html;base64,AAAA", b"file:///etc/passwd", b"\xe2\x80\xae",
    b"xml:base='http://[bad'", b"<plaintext>", b"<script>", b"<title>", b"<base href='x:'>",
)  # fmt: skip
_BRACKETS = (
    (b"<div>", b"</div>"), (b"<item>", b"</item>"), (b"[", b"]"), (b'{"a":', b"}"), (b"<b ", b">"),
)  # fmt: skip
_UNITS = (b"&", b"<", b"a", "台".encode(), b"\xff", b"&lt;", b"<!--", b"]]>", b"\n", b"<p>x")


def mutate(data: bytes, rng: random.Random, canary: str) -> bytes:
    """Mutate *data* in one to three ways; nobody may send a request to *canary*."""
    if rng.random() < _HEAVY_SHARE:
        return rng.choice(HEAVY)(data, rng)[:MAX_BYTES]
    for _ in range(rng.randint(1, 3)):
        data = rng.choice(LIGHT)(data, rng)[:MAX_BYTES]
    return add_entities(data, rng, canary) if rng.random() < 0.05 else data


def flip(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 5, 50, len(out) // 20 + 1)) if out else 0):
        out[rng.randrange(len(out))] = rng.randrange(256)
    return bytes(out)


def truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randint(0, len(data))] if rng.random() < 0.8 else data[_at(data, rng) :]


def repeat(data: bytes, rng: random.Random) -> bytes:
    start, end = sorted((_at(data, rng), _at(data, rng)))
    block = data[start:end][:20_000]
    return (
        data[:end]
        + block * min(rng.choice((2, 10, 100)), 1 + 300_000 // (len(block) + 1))
        + data[end:]
    )


def scramble_tags(data: bytes, rng: random.Random) -> bytes:
    """Drop, double or cut tags, or replace them by others of the document."""
    tags = _TAG.findall(data) or [b"<a>"]

    def tag(found: re.Match[bytes]) -> bytes:
        if rng.random() > 0.1:
            return found[0]
        return rng.choice((b"", found[0] * 2, found[0][:-1], found[0][1:], rng.choice(tags)))

    return _TAG.sub(tag, data)


def insert(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 8)):
        at = _at(data, rng)
        data = data[:at] + rng.choice(_WORDS) + data[at:]
    return data


def change_numbers(data: bytes, rng: random.Random) -> bytes:
    return _NUMBER.sub(lambda found: rng.choice(_NUMBERS) if rng.random() < 0.1 else found[0], data)


def recode(data: bytes, rng: random.Random) -> bytes:
    return data.decode("utf-8", "replace").encode(rng.choice(_CHARSETS), "replace")


def mislabel(data: bytes, rng: random.Random) -> bytes:
    return b'<?xml version="1.0" encoding="%s"?>' % rng.choice(_LABELS).encode() + data


def add_controls(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 30)):
        at = _at(data, rng)
        data = data[:at] + bytes([rng.randrange(32)]) * rng.choice((1, 1, 100)) + data[at:]
    return data


def nest(data: bytes, rng: random.Random) -> bytes:
    at, deep = _at(data, rng), rng.choice((10, 300, 3000))
    opener, closer = rng.choice(_BRACKETS)
    return data[:at] + opener * deep + data[at : at + 50] + closer * deep + data[at + 50 :]


def add_attributes(data: bytes, rng: random.Random) -> bytes:
    many = b" ".join(b'a%d="%d"' % (n, n) for n in range(rng.choice((20, 500))))
    huge = b'href="' + rng.choice((b"x", b"http://", b"&amp;", b"%41")) * 20_000 + b'"'
    at = data.find(b">", _at(data, rng))
    return data[:at] + b" " + rng.choice((many, huge)) + data[at:] if at > 0 else data


def compress(data: bytes, rng: random.Random) -> bytes:
    whole = rng.choice((gzip.compress, zip_file))(data)
    return whole if rng.random() < 0.5 else flip(whole, rng)


def zip_file(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("feed.xml", data)
    return out.getvalue()


def splice(data: bytes, rng: random.Random) -> bytes:
    return data[: _at(data, rng)] + data[_at(data, rng) :]


def noise(_data: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(rng.randint(0, 5000))


def add_entities(data: bytes, rng: random.Random, canary: str) -> bytes:
    """Add external entities, DTDs and styles that refer to *canary* or a file, or that expand."""
    doctype = rng.choice((
        f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{canary}/entity">]>',
        f'<!DOCTYPE rss SYSTEM "{canary}/dtd">',
        f'<!DOCTYPE rss [<!ENTITY % p SYSTEM "{canary}/parameter"> %p;]>',
        f'<!DOCTYPE rss [<!ENTITY x SYSTEM "file://{SECRET_FILE}">]>',
        f'<?xml-stylesheet href="{canary}/style"?>',
        "<!DOCTYPE rss [" + _laughs() + "]>",
    ))  # fmt: skip
    xinclude = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{canary}/include"/>'
    at = data.find(b">", data.find(b"<title")) + 1
    return doctype.encode() + data[:at] + b"&x;&l8;" + xinclude.encode() + data[at:]


def _laughs() -> str:
    first = '<!ENTITY l0 "lol">'
    return first + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))


def gzip_bomb(_data: bytes, _rng: random.Random) -> bytes:
    return gzip.compress(bytes(100_000_000))


def thousands_of_attributes(_data: bytes, rng: random.Random) -> bytes:
    return b"<rss><channel><item " + b" ".join(
        b'a%d="1"' % n for n in range(rng.choice((5000, 60_000)))
    )


def deep_nesting(_data: bytes, rng: random.Random) -> bytes:
    opener = rng.choice((b"<div>", b"<rss>", b"<p><b>", b"<table><tr><td>", b"[", b'{"a":'))
    return opener * rng.choice((100_000, 1_000_000))


def ten_megabytes(data: bytes, _rng: random.Random) -> bytes:
    return data * (9_999_999 // (len(data) + 1) + 1)


def one_long_text(_data: bytes, rng: random.Random) -> bytes:
    unit = rng.choice(_UNITS)
    return b"<html><title>x</title><p>" + unit * (2_000_000 // len(unit))


Mutation = Callable[[bytes, random.Random], bytes]
LIGHT: tuple[Mutation, ...] = (
    flip, flip, truncate, truncate, repeat, scramble_tags, scramble_tags, insert, insert,
    change_numbers, recode, mislabel, add_controls, nest, add_attributes, compress, splice, noise,
)  # fmt: skip
HEAVY: tuple[Mutation, ...] = (
    gzip_bomb, thousands_of_attributes, deep_nesting, ten_megabytes, one_long_text,
)  # fmt: skip


def _at(data: bytes, rng: random.Random) -> int:
    return rng.randint(0, len(data))
