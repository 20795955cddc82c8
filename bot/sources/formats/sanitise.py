"""Plain text out of what feeds and pages hold: no tags, no control characters, paragraphs kept.

Linear in the length of the text, whatever the text is.
"""

import re
from collections.abc import Iterable, Sequence
from html import unescape

from bot.matching.text import beyond_ascii
from bot.sources.formats.charrefs import possible
from bot.sources.formats.mojibake import is_suspect, repaired

# Each begins with one literal, which a search finds many times faster than alternatives.
_HIDDEN = re.compile(
    r"<(?:!--.*?(?:-->|\Z)|!\[CDATA\["
    r"|(script|style|template|svg|object|iframe|noscript|head)\b.*?(?:</\1\s*>|\Z))",
    re.DOTALL | re.IGNORECASE,
)
_TAG = re.compile(r"<(/?)([a-zA-Z][\w:.-]*)((?:[^\"'<>]|\"[^\"]{0,4000}\"|'[^']{0,4000}')*+)/?>")
_BROKEN_TAG = re.compile(r"<[/!?]?(?:a|img|p|div|span|br|strong|em|b|i)\b[^<>]*(?:>|\Z)")
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "thead",
    "tr", "ul",
})  # fmt: skip
_INLINE = frozenset({
    "a", "abbr", "acronym", "audio", "b", "bdi", "bdo", "big", "br", "button", "canvas",
    "caption", "cite", "code", "col", "colgroup", "data", "del", "dfn", "em", "embed", "font",
    "i", "img", "input", "ins", "kbd", "label", "link", "map", "mark", "meta", "meter", "picture",
    "q", "rp", "rt", "ruby", "s", "samp", "small", "source", "span", "strike", "strong", "sub",
    "sup", "td", "textarea", "th", "time", "title", "track", "tt", "u", "var", "video", "wbr",
    "html", "body", "marquee", "blink", "nobr", "param", "base", "area", "select", "option",
    "center",
})  # fmt: skip
# XML allows few of these and Telegram none; bidi overrides could disguise a text.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
# Anything but what takes no room: a title of nothing else could be neither read nor pressed.
_SEEN = re.compile("[^\\s\u00ad\u115f\u1160\u180e\u200b-\u200f\u2060-\u2064\u3164\ufe00-\ufe0f]")
_ASCII_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\r"))
_NO_ASCII_CONTROLS = dict.fromkeys(_ASCII_CONTROLS)
# Windows-1252 that was passed off as Latin-1 or as character references.
_C1 = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
_NO_CHARACTER = "\ufffd"
_MANY_LINE_ENDS = re.compile(r"\n\n\n+")  # a literal, which a search finds at once
_ESCAPED_MARKUP = re.compile(r"</(?:p|div|a|b|i|strong|em|li|h[1-6]|span)>|<br ?/?>")
_TWICE_ESCAPED = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,6}|#x[0-9a-fA-F]{2,5});")


def one_line(markup: str) -> str:
    """*markup* as one line of plain text; entities that a feed escaped twice are decoded twice."""
    return one_lines([markup])[0]


def one_lines(markups: Iterable[str]) -> list[str]:
    """`one_line` of each, faster than one by one."""
    lines = (" ".join(text.split()) for text in _all_clean([*map(_unmarked, markups)]))
    return [line if line.isascii() or _SEEN.search(line) else "" for line in lines]


def plain_text(markup: str) -> str:
    """*markup* as plain text: blocks become paragraphs, `<br>` a line end, white space collapses.

    A text without any tag keeps its own lines and empty lines.
    """
    return plain_texts([markup])[0]


def plain_texts(markups: Iterable[str]) -> list[str]:
    """`plain_text` of each, faster than one by one."""
    texts = [*map(_blocks_to_lines, _all_clean([*map(_with_line_feeds, markups)]))]
    escaped = [at for at, text in enumerate(texts) if "&" in text]
    decoded = _all_clean([_decoded(texts[at]) for at in escaped])
    for at, text in zip(escaped, decoded, strict=True):
        texts[at] = _with_line_feeds(text)
    return [*map(_collapsed, texts)]


def tidy(text: str) -> str:
    """Plain text with single blanks, no control characters, one empty line between paragraphs."""
    return _collapsed(_with_line_feeds(_clean(text)))


def _unmarked(markup: str) -> str:
    if "<" not in markup and "&" not in markup:
        return markup
    text = _unescaped(_without_tags(markup, "", " "))
    if not _TWICE_ESCAPED.search(text):
        return text
    text = _unescaped(text)
    return _without_tags(text, "", " ") if "<" in text else text


def _decoded(text: str) -> str:
    text = _unescaped(text)
    if _ESCAPED_MARKUP.search(text):
        return _unescaped(_blocks_to_lines(without_controls(text)))
    return text


def _all_clean(texts: Sequence[str]) -> Sequence[str]:
    """Each repaired and without controls; mostly nothing is wrong with any, seen at one look."""
    together = "\n".join(texts)
    if without_controls(together) is together and not is_suspect(together):
        return texts
    return [*map(_clean, texts)]


def _clean(text: str) -> str:
    """Repaired and without controls, of which each may bring the other to light."""
    while (clean := without_controls(repaired(text))) != text:
        text = clean
    return text


def without_controls(text: str) -> str:
    if text.isascii():
        return text.translate(_NO_ASCII_CONTROLS) if _has_ascii_controls(text) else text
    if not _CONTROLS.search(beyond_ascii(text)) and not _has_ascii_controls(text):
        return text
    return _CONTROLS.sub("", text.translate(_C1))


def _unescaped(text: str) -> str:
    try:
        plain = unescape(text)
    except ValueError:  # a number of thousands of digits
        plain = _NO_CHARACTER
    if _NO_CHARACTER in plain and "&#" in text:
        return unescape(possible(text))
    return plain


def _has_ascii_controls(text: str) -> bool:
    coded = text.encode("utf-8", "surrogatepass")
    return len(coded.translate(None, _ASCII_CONTROLS)) < len(coded)


def _with_line_feeds(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else text.replace("\u2028", "\n").replace("\u2029", "\n")


def _collapsed(text: str) -> str:
    if _is_uneven(text):
        text = "\n".join(map(_even, text.split("\n")))
    return (_MANY_LINE_ENDS.sub("\n\n", text) if "\n\n\n" in text else text).strip()


def _is_uneven(text: str) -> bool:
    """Of white space only the blank is printable, and most texts have just that, and line ends."""
    if "  " in text or " \n" in text or "\n " in text:
        return True
    return not text.replace("\n", "").isprintable()


def _even(line: str) -> str:
    """Single blanks; most lines are even, whatever the others are."""
    if line.isprintable() and "  " not in line:
        return line.strip()
    return " ".join(line.split())


def _without_tags(text: str, block: str, line: str) -> str:
    """Tags dropped; *block* stands where a block began or ended, *line* for a `<br>`.

    What only looks like a tag, as in `List<String>` or `a < b`, stays.
    """
    block = block or " "

    def replaced(tag: re.Match[str]) -> str:
        name = tag[2].lower()
        if name in _BLOCKS:
            return block
        if name == "br":
            return line
        if name in {"td", "th"}:
            return " "
        is_known = name in _INLINE or bool(tag[1]) or "=" in tag[3] or not name.isalpha()
        return "" if is_known else tag[0]

    text = _TAG.sub(replaced, _HIDDEN.sub(" ", text).replace("]]>", " "))
    return _BROKEN_TAG.sub(" ", text) if "<" in text else text


def _blocks_to_lines(text: str) -> str:
    """*text* must hold no control characters."""
    if "<" not in text:
        return text
    marked = _without_tags(text, "\0", "\1")
    if "\0" not in marked and "\1" not in marked:
        return marked
    # With blocks, the line ends of the source mean nothing.
    return marked.replace("\n", " ").replace("\0", "\n\n").replace("\1", "\n")
