"""Turns markup of feeds and pages into plain text without tags and control characters.

All texts of a feed are cleaned in one string, so that a pass costs one call instead of one for each
entry. Control characters, which no cleaned text contains, separate the texts and replace tags. The
time is linear in the length of the text.
"""

import codecs
import re
import unicodedata
from collections.abc import Sequence
from html import unescape
from typing import Final

_BLOCK: Final = "\0"  # where a block begins or ends
_LINE: Final = "\1"  # a line end that counts
_NEXT: Final = "\2"  # between two texts

_HIDDEN = re.compile(
    r"<(?:!--[^\x02]*?(?:-->|\Z|(?=\x02))|!\[CDATA\["
    r"|(script|style|template|svg|object|iframe|noscript|head)\b[^\x02]*?(?:</\1\s*>|\Z|(?=\x02)))",
    re.IGNORECASE,
)
# The same by its first letters, which is found twice as fast.
_MAY_HIDE = re.compile(
    "<(?:!|[sS](?:[cC][rR]|[tT][yY]|[vV][gG])|[tT][eE]|[oO][bB]|[iI][fF]|[nN][oO][sS]|[hH][eE])"
)
_TAG = re.compile(
    r"<(/?[a-zA-Z][\w:.-]*+)"
    r"((?:[^\"'<>\x02]++|\"[^\"\x02]{0,4000}\"|'[^'\x02]{0,4000}')*+)/?>"
)
_BROKEN_TAG = re.compile(
    r"<[/!?]?(?:a|img|p|div|span|br|strong|em|b|i)\b[^<>\x02]*+(?:>|\Z|(?=\x02))"
)
_BLOCKS = (
    "address article aside blockquote center dd details div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tbody thead tr ul"
)
_INLINE = (
    "a abbr acronym audio b bdi bdo big button canvas caption cite code col colgroup data del dfn "
    "em embed font i img input ins kbd label link map mark meta meter picture q rp rt ruby s samp "
    "small source span strike strong sub sup textarea time title track tt u var video wbr html "
    "body marquee blink nobr param base area select option math mrow mi mo mn ms mtext mfrac msup "
    "msub msubsup msqrt mover munder mtable mtr mtd semantics annotation"
)
_STANDS_FOR = {
    **dict.fromkeys(_INLINE.split(), ""),
    **dict.fromkeys(_BLOCKS.split(), _BLOCK),
    "br": _LINE,
    "td": " ",
    "th": " ",
}
_REPLACEMENTS = {
    slash + spelled: stands
    for name, stands in _STANDS_FOR.items()
    for slash in ("", "/")
    for spelled in (name, name.upper())
}
# XML allows few of these and Telegram none; bidi overrides could disguise a text.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_CONTROLS_BUT_MARKS = re.compile(_CONTROLS.pattern.replace("\x00-\x08", "\x03-\x08"))
# A visible character, because a title without one could be neither read nor pressed.
_SEEN = re.compile("[^\\s\u00ad\u115f\u1160\u180e\u200b-\u200f\u2060-\u2064\u3164\ufe00-\ufe0f]")
_COMMON: Final = bytes({*range(32, 127), *b"\t\n\r"})
# Windows-1252 that was declared as Latin-1, or written as character references.
_C1 = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
_OTHER_SPACES = re.compile("[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_PLAIN_LINE = re.compile("[ -%'-;=?-~]*")  # printable ASCII that is no markup
_NO_CHARACTER = "\ufffd"
_ESCAPED_MARKUP = re.compile(r"</(?:p|div|a|b|i|strong|em|li|h[1-6]|span)>|<br ?/?>")
_TWICE_ESCAPED = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,6}|#x[0-9a-fA-F]{2,5});")


def one_line(markup: str) -> str:
    """Return *markup* as one line of plain text; entities escaped twice are decoded twice."""
    if _PLAIN_LINE.fullmatch(markup):
        return " ".join(markup.split())
    return cleaned([markup], ())[0][0]


def plain_text(markup: str) -> str:
    """Return *markup* as plain text: blocks become paragraphs, and white space collapses.

    A text without blocks and `<br>` keeps its own lines and empty lines.
    """
    return cleaned((), [markup])[1][0]


def cleaned(titles: Sequence[str], bodies: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return `one_line` of all *titles* and `plain_text` of all *bodies*, but faster."""
    markups = _without_marks([*titles, *bodies])
    joined = _decoded(_without_tags(_with_line_feeds(_NEXT.join(markups))))
    parts = joined.split(_NEXT)
    if not _is_fine(joined, _CONTROLS_BUT_MARKS):
        parts = [
            part if _is_fine(part, _CONTROLS_BUT_MARKS) else _mended(markup)
            for part, markup in zip(parts, markups, strict=True)
        ]
    lines = [_on_one_line(part) for part in parts[: len(titles)]]
    if not bodies:
        return lines, []
    texts = parts[len(titles) :]
    if _ESCAPED_MARKUP.search(joined):
        texts = [_unescaped_again(text) for text in texts]
    return lines, _collapsed(texts)


def tidy(text: str) -> str:
    """Return *text* with single blanks, no controls, and one empty line between paragraphs."""
    return _collapsed([_with_line_feeds(_repaired_without_controls(text, _CONTROLS))])[0]


def without_controls(text: str) -> str:
    """Return *text* without invisible characters; misread Windows-1252 ones are repaired."""
    if _CONTROLS.search(_rare_characters(text)) is None:
        return text
    return _CONTROLS.sub("", text.translate(_C1))


def _decoded(marked: str) -> str:
    return _with_line_feeds(_unescaped(marked)) if "&" in marked else marked


def _mended(markup: str) -> str:
    """Clean *markup* with repairs before and after its entities are decoded."""
    fine = _with_line_feeds(_repaired_without_controls(markup, _CONTROLS))
    return _repaired_without_controls(_decoded(_without_tags(fine)), _CONTROLS_BUT_MARKS)


def _on_one_line(text: str) -> str:
    if "&" in text and _TWICE_ESCAPED.search(text):
        text = _repaired_without_controls(_without_tags(_decoded(text)), _CONTROLS_BUT_MARKS)
    if _BLOCK in text or _LINE in text:
        text = text.replace(_BLOCK, " ").replace(_LINE, " ")
    line = " ".join(text.split())
    return line if line.isascii() or _SEEN.search(line) else ""


def _unescaped_again(text: str) -> str:
    """Return *text* without the markup that appeared when its entities were decoded."""
    if "<" not in text or not _ESCAPED_MARKUP.search(text):
        return text
    return _repaired_without_controls(_decoded(_without_tags(text)), _CONTROLS_BUT_MARKS)


def _collapsed(texts: list[str]) -> list[str]:
    """Return *texts* with single blanks; line ends stay unless blocks mark the paragraphs."""
    return _with_single_blanks(_NEXT.join(map(_lines_of, texts))).split(_NEXT)


def _lines_of(text: str) -> str:
    if _BLOCK in text or _LINE in text:
        blocks = text.replace("\n", " ").split(_BLOCK)
        if _LINE in text:
            blocks = [_stripped_lines(block, _LINE) for block in blocks]
        text = "\n\n".join(filter(None, map(str.strip, blocks)))
    elif "\n" in text:
        text = _stripped_lines(text, "\n")
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip()


def _stripped_lines(text: str, end: str) -> str:
    return "\n".join(map(str.strip, text.split(end))).strip() if end in text else text


def _with_single_blanks(text: str) -> str:
    """Replace each run of white space in a line, such as tabs and `&nbsp;`, with one blank."""
    if "\t" in text:
        text = text.replace("\t", " ")
    if not text.isascii():
        for space in {*_OTHER_SPACES.findall(_rare_characters(text))}:
            text = text.replace(space, " ")
    while "  " in text:
        text = text.replace("  ", " ")
    return text


def _without_tags(text: str) -> str:
    """Replace tags: blocks and line ends with marks, others with nothing.

    Such as `List<String>` and `a < b`.
    """
    if "<" not in text:
        return text.replace("]]>", " ")
    if _MAY_HIDE.search(text):
        text = _HIDDEN.sub(" ", text)
    text = _TAG.sub(_replaced, text.replace("]]>", " "))
    return _BROKEN_TAG.sub(" ", text) if "<" in text else text


def _replaced(tag: re.Match[str]) -> str:
    found = _REPLACEMENTS.get(tag[1])
    return _odd_replaced(tag) if found is None else found


def _odd_replaced(tag: re.Match[str]) -> str:
    """Replace a tag with mixed capitals, or one that HTML does not have."""
    name = tag[1].lower().lstrip("/")
    stands = _STANDS_FOR.get(name)
    if stands is not None:
        return stands
    is_tag = tag[1].startswith("/") or "=" in tag[2] or not name.isalpha()
    return "" if is_tag else tag[0]


def _with_line_feeds(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else text.replace("\u2028", "\n").replace("\u2029", "\n")


def _without_marks(texts: list[str]) -> list[str]:
    joined = "".join(texts)
    if any(mark in joined for mark in (_BLOCK, _LINE, _NEXT)):
        return [without_controls(text) for text in texts]
    return texts


def _is_fine(text: str, controls: re.Pattern[str]) -> bool:
    """Return whether *text* needs no repair and has no controls, like most texts."""
    others = _rare_characters(text)
    if not others:
        return True
    if controls.search(others):
        return False
    # Both characters of a suspect pair are among the rare ones, and side by side in few texts.
    pairs = {*_SUSPECT_PAIR.findall(others)}
    if len(pairs) > _FEW_PAIRS:
        return not _SUSPECT.search(text)
    return not any(pair in text for pair in pairs)


def _rare_characters(text: str) -> str:
    """Return the characters of *text* that are not printable ASCII, in order."""
    rare = text.encode("utf-8", "surrogatepass").translate(None, _COMMON)
    return rare.decode("utf-8", "surrogatepass")


def _repaired_without_controls(text: str, controls: re.Pattern[str]) -> str:
    """Repair *text* and drop controls, in turns, because each may reveal work for the other."""
    if _is_fine(text, controls):
        return text
    while (fine := controls.sub("", repaired(text).translate(_C1))) != text:
        text = fine
    return text


# ---- Character references that stand for no character, such as `&#x110000;`. ----
# One of them in a summary would make parsers fail on the whole feed. Two that are the halves of a
# character, as some programs write an emoji, are joined. Escaped ones count too, because they come
# to light when the markup inside is read.

_REFERENCE = r"&(?:amp;)*#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?"
_ONE = re.compile(_REFERENCE)
_HALVES = re.compile(_REFERENCE.replace("+", "{4,6}") * 2)
_HIGH = range(0xD800, 0xDC00)
_LOW = range(0xDC00, 0xE000)
_BEYOND = 0x110000
_LONGEST = 8  # digits that can matter, and that a number is made of in no time


def possible(text: str) -> str:
    """Return *text* without references that stand for no character."""
    return _ONE.sub(_possible_reference, _HALVES.sub(_joined_halves, text)) if "#" in text else text


def _joined_halves(found: re.Match[str]) -> str:
    high, low = _number(found[1], found[2]), _number(found[3], found[4])
    if high not in _HIGH or low not in _LOW:
        return found[0]
    return chr(0x10000 + (high - _HIGH.start) * len(_LOW) + (low - _LOW.start))


def _possible_reference(found: re.Match[str]) -> str:
    number = _number(found[1], found[2])
    is_possible = 0 < number < _BEYOND and number not in _HIGH and number not in _LOW
    return found[0] if is_possible else ""


def _number(hexadecimal: str | None, decimal: str | None) -> int:
    digits, base = (hexadecimal, 16) if hexadecimal else (decimal or "", 10)
    return int(digits.lstrip("0")[:_LONGEST] or "0", base)


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    try:
        plain = unescape(text)
    except ValueError:  # a number of thousands of digits
        plain = _NO_CHARACTER
    if _NO_CHARACTER in plain and "&#" in text:
        return unescape(possible(text))
    return plain


# ---- Mojibake: UTF-8 that was decoded by an old charset before it was written ("CafÃ©"). ----
# It is repaired only if it is certain: every non-ASCII character must be in the old charset, their
# bytes must be valid UTF-8, and the result must be letters and signs. A single "é" beside "Ã©"
# shows that the text is correct.

_LATIN = "cp1252"
_CHARSETS = (_LATIN, "cp1251", "cp1250")
# How the first byte of a sequence and its second one look, in any of them.
_SUSPECT = re.compile(
    "[\u00c2-\u00f4\u0102\u0139\u0412\u0413\u0420\u0421\u0432]"
    "[\x80-\u00bf\u0104-\u0192\u02c6-\u02dd\u0402-\u040f\u0452-\u045f\u0490\u0491\u2013-\u2122]"
)
_SUSPECT_PAIR = re.compile(f"(?=({_SUSPECT.pattern}))")  # overlapping ones too
_FEW_PAIRS: Final = 16  # which are found faster one by one
_AS_THEY_ARE = "dateline.as-they-are"
_SURE = 2  # characters, where a pair of letters might have been meant
_MOST = 3  # times that a text is mistaken
_NO_TEXT = frozenset({"Cc", "Cn", "Co", "Cs"})


def repaired(text: str) -> str:
    """Return *text* without mojibake; unchanged if it is correct or a repair is uncertain."""
    for _ in range(_MOST):
        if text.isascii() or not _SUSPECT.search(text):
            break
        meant = next(filter(None, (_as_utf8(text, charset) for charset in _CHARSETS)), "")
        if not meant:
            break
        text = meant
    return text


def _as_utf8(text: str, charset: str) -> str:
    """Return *text* decoded as UTF-8 if it was decoded by *charset* by mistake; else ""."""
    try:
        meant = text.encode(charset, _AS_THEY_ARE).decode("utf-8")
    except UnicodeError:
        return ""
    wide = [char for char in meant if not char.isascii()]
    is_sure = len(wide) >= (1 if charset == _LATIN else _SURE)
    return meant if is_sure and _NO_TEXT.isdisjoint(map(unicodedata.category, wide)) else ""


def _encode_c1(error: UnicodeError) -> tuple[bytes, int]:
    """Encode characters of C1 as bytes, because the charset does not define these bytes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    chars = error.object[error.start : error.end]
    if not all("\x80" <= char <= "\x9f" for char in chars):
        raise error
    return chars.encode("latin-1"), error.end


codecs.register_error(_AS_THEY_ARE, _encode_c1)
