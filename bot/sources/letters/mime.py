"""Splits a mail, which may be malformed or hostile, into fields and texts (RFC 5322, RFC 2045).

The standard library's parser is not used, because it descends as deep as a mail is nested, and its
parsers of addresses and parameters fail on some hostile fields and take minutes over others. Here
each level is searched once for its boundary, levels and parts are counted, and a field is cut where
no honest one goes on. Attachments and pictures are never decoded.
"""

import binascii
import quopri
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.sources.feeds.sniff import decode
from bot.sources.feeds.text import one_line, without_controls

_DEEPEST: Final = 12  # multiparts inside multiparts
_MOST_PARTS: Final = 60
_MOST_FIELDS: Final = 400
_LONGEST_HEAD: Final = 256 * 1024  # bytes; a mail with thousands of recipients has as many
_LONGEST_FIELD: Final = 4_000  # characters that are read of one field

_HEAD_END = re.compile(rb"\r?\n[ \t]*\r?\n|\A\r?\n")
_FIELD = re.compile(r"([!-9;-~]{1,80})[ \t]*:(.*)", re.DOTALL)
_DECLARED = re.compile(
    rb"^content-type[ \t]*:[^\n]{0,200}(?:\n[ \t][^\n]{0,200}){0,3}?"
    rb"charset\s{0,3}=\s{0,3}\"?([\w.:-]{1,40})",
    re.IGNORECASE | re.MULTILINE,
)
_SOFT_BREAK = re.compile(rb"=[ \t]{1,100}(?=\r?\n|\Z)")  # RFC 2045 deletes spaces at an end
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_LINE_END = re.compile(r"\r\n|\r|\n")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\r\n]{0,1000})\?=")
_GAP = re.compile(r"(\?=)\s+(?==\?)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_UNDECLARED_ISO_2022 = re.compile(rb"\x1b(?:\$[@B]|\$\([DOPQ]|\([BIJ])")
_SINGLE_BYTE_ESCAPES: Final = {"iso-2022-jp", "iso-2022-kr", "hz-gb-2312", "utf-7"}
_PYTHON_NAMES: Final = {
    "iso-2022-jp": "iso2022_jp_ext",
    "hz-gb-2312": "hz",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
}


@dataclass(frozen=True, slots=True)
class Fields:
    """The header fields in their order; names are in lower case, values unfolded and bounded."""

    listed: Sequence[tuple[str, str]]

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.listed if known == name]

    def first(self, name: str) -> str:
        return next((value for known, value in self.listed if known == name), "")

    def text(self, name: str) -> str:
        """Return the first such field as one line, with its encoded words decoded (RFC 2047)."""
        return one_line(decoded_words(self.first(name)).replace("<", "&lt;"))


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of a mail: `kind` is its media type, `content` is still in its transfer encoding.

    `inside`: the number of the attached mail that it belongs to; 0 for the mail itself.
    """

    kind: str
    fields: Fields
    content: bytes
    inside: int = 0

    @property
    def is_attachment(self) -> bool:
        return self.fields.first("content-disposition").strip().lower().startswith("attachment")

    @property
    def text(self) -> str:
        """Return the decoded text; characters that are invalid in its charset become U+FFFD."""
        encoding = self.fields.first("content-transfer-encoding").strip().lower()
        return _as_text(_transferred(self.content, encoding), self.fields.first("content-type"))


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """*attached*: the fields of the first attached mail, if there is one."""

    fields: Fields
    parts: Sequence[Part]
    attached: Fields | None = None

    @property
    def kind(self) -> str:
        return media_type(self.fields)


def read_mail(content: bytes) -> ParsedMail:
    fields, body = _split(content)
    walk = _Walk()
    parts = list(walk.leaves(fields, body, depth=0))
    return ParsedMail(fields, parts, walk.attached)


def media_type(fields: Fields) -> str:
    kind = fields.first("content-type").partition(";")[0].strip().lower()
    return kind if "/" in kind else "text/plain"


class _Walk:
    """One walk over the parts of a mail, which counts them. An attached mail is entered once."""

    def __init__(self) -> None:
        self.attached: Fields | None = None
        self._parts = 0

    def leaves(
        self, fields: Fields, body: bytes, depth: int, default: str = "text/plain", inside: int = 0
    ) -> Iterator[Part]:
        kind = media_type(fields) if fields.first("content-type") else default
        if depth > _DEEPEST or self._parts >= _MOST_PARTS:
            return
        self._parts += 1
        if kind == "message/rfc822":
            if self.attached is None and not inside:
                self.attached, within = _split(_unwrapped(body, fields))
                yield from self.leaves(self.attached, within, depth + 1, inside=1)
            return
        if not kind.startswith("multipart/"):
            yield Part(kind, fields, body, inside)
            return
        boundary = parameter(fields.first("content-type"), "boundary")
        usual = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        for part in _parted(body, boundary):
            yield from self.leaves(*_split(part), depth + 1, usual, inside)


def _unwrapped(body: bytes, fields: Fields) -> bytes:
    """Return an attached mail; some programs encode it although they must not."""
    encoding = fields.first("content-transfer-encoding").strip().lower()
    return _transferred(body, encoding) if encoding in {"base64", "quoted-printable"} else body


def parameter(value: str, name: str) -> str:
    """Return the parameter *name* of a field such as `text/html; charset="utf-8"`."""
    found = re.search(
        rf';\s*{name}\*?\s*=\s*(?:"([^"]{{0,300}})"|([^\s;"]{{1,300}}))', value, re.IGNORECASE
    )
    return (found[1] or found[2] or "").strip() if found else ""


def _parted(body: bytes, boundary: str) -> Iterator[bytes]:
    """Yield the parts between the boundary's lines; the last one may lack its end."""
    if not boundary:
        return
    line = re.compile(
        rb"(?:\A|\n)--"
        + re.escape(boundary.encode("utf-8", "replace"))
        + rb"(--)?[ \t]*\r?(?=\n|\Z)"
    )
    begun = None
    for count, found in enumerate(line.finditer(body)):
        if begun is not None:
            yield body[begun : found.start()].removesuffix(b"\r")
        begun = found.end() + 1
        if found[1] or count > _MOST_PARTS:
            return
    if begun is not None:
        yield body[begun:]


def _split(content: bytes) -> tuple[Fields, bytes]:
    """Return the fields and the body; a part without fields begins with an empty line."""
    end = _HEAD_END.search(content, 0, _LONGEST_HEAD)
    if end is None:
        head, body = content[:_LONGEST_HEAD], content[_LONGEST_HEAD:]
    else:
        head, body = content[: end.start()], content[end.end() :]
    return _fields(head), body


def _fields(head: bytes) -> Fields:
    # Some programs write subjects unencoded, in the charset of the text.
    declared = _DECLARED.search(head)
    charset = declared[1].decode("ascii", "replace") if declared else ""
    is_utf8 = not charset or _is_utf8(head)
    decoded = _as_text(head, "") if is_utf8 else _in_charset(head, charset)
    text = without_controls(_FOLD.sub("", decoded))
    lines = (line[: _LONGEST_FIELD + 100] for line in _LINE_END.split(text)[:_MOST_FIELDS])
    return Fields(
        [
            (found[1].lower(), found[2].strip()[:_LONGEST_FIELD])
            for found in map(_FIELD.match, lines)
            if found
        ]
    )


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def decoded_words(value: str) -> str:
    """Return *value* with its encoded words as text.

    Neighbours in one charset are joined as bytes first, because some programs cut a character.
    """
    if "=?" not in value:
        return value
    joined, pending, charset, at = list[str](), b"", "", 0
    value = _GAP.sub(r"\1", value)
    for found in _WORD.finditer(value):
        name = found[1].partition("*")[0].lower()
        if pending and (found.start() > at or name != charset):
            joined.append(_in_charset(pending, charset))
            pending = b""
        joined.append(value[at : found.start()])
        pending, charset, at = pending + _word_bytes(found[2], found[3]), name, found.end()
    if pending:
        joined.append(_in_charset(pending, charset))
    return "".join(joined) + value[at:]


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if encoding in "bB":
        return _from_base64(data)
    return quopri.decodestring(data, header=True)


def _in_charset(data: bytes, charset: str) -> str:
    return _as_text(data, f"text/plain; charset={charset}")


def _transferred(content: bytes, encoding: str) -> bytes:
    """Decode the transfer encoding; what is broken is skipped."""
    if encoding == "base64":
        return _from_base64(content)
    if encoding == "quoted-printable":
        return quopri.decodestring(_SOFT_BREAK.sub(b"=", content))
    return content


def _from_base64(data: bytes) -> bytes:
    """Decode base64 without its foreign characters; an incomplete end is cut off."""
    letters = _NOT_BASE64.sub(b"", data)
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    try:
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return b""


def _as_text(data: bytes, content_type: str) -> str:
    """Decode *data*; charsets that switch by escapes are valid UTF-8 and need their declaration."""
    declared = parameter(content_type, "charset").lower()
    if declared not in _SINGLE_BYTE_ESCAPES and _UNDECLARED_ISO_2022.search(data):
        declared = "iso-2022-jp"
    if declared in _SINGLE_BYTE_ESCAPES:
        return data.decode(_PYTHON_NAMES.get(declared, declared), "replace")
    if declared in _PYTHON_NAMES and not data.isascii():
        try:
            return data.decode(_PYTHON_NAMES[declared])
        except UnicodeDecodeError:
            pass
    return decode(data, content_type)
