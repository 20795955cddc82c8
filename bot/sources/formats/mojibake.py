"""Text whose UTF-8 somebody took for an old charset before it was written ("CafÃ©").

It is repaired where that is certain: every character that is not ASCII must be one of the old
charset, all of their bytes together valid UTF-8, and what comes out letters and signs. A single
"é" beside "Ã©" shows that the text means what it says.
"""

import codecs
import re
import unicodedata

from bot.matching.text import beyond_ascii

_LATIN = "cp1252"
_CHARSETS = (_LATIN, "cp1251", "cp1250")
# How the first byte of a sequence and its second one look, in any of them.
_SUSPECT = re.compile(
    "[\u00c2-\u00f4\u0102\u0139\u0412\u0413\u0420\u0421\u0432]"
    "[\x80-\u00bf\u0104-\u0192\u02c6-\u02dd\u0402-\u040f\u0452-\u045f\u0490\u0491\u2013-\u2122]"
)
_AS_THEY_ARE = "dateline.as-they-are"
_SURE = 2  # characters, where a pair of letters might have been meant
_MOST = 3  # times that a text is mistaken
_NO_TEXT = frozenset({"Cc", "Cn", "Co", "Cs"})


def repaired(text: str) -> str:
    """*text* as it was meant; itself where nothing is wrong with it, or nobody can be certain."""
    for _ in range(_MOST):
        if not is_suspect(text):
            break
        meant = next(filter(None, (_as_utf8(text, charset) for charset in _CHARSETS)), "")
        if not meant:
            break
        text = meant
    return text


def is_suspect(text: str) -> bool:
    """Whether anything in *text* looks like that. Two texts with a line end between are two."""
    if text.isascii() or not _SUSPECT.search(beyond_ascii(text)):
        return False  # of a pair both stand among the characters beyond ASCII, which are few
    return _SUSPECT.search(text) is not None


def _as_utf8(text: str, charset: str) -> str:
    """Empty where *text* is none that was read in *charset* by mistake."""
    try:
        meant = text.encode(charset, _AS_THEY_ARE).decode("utf-8")
    except UnicodeError:
        return ""
    wide = [char for char in meant if not char.isascii()]
    is_sure = len(wide) >= (1 if charset == _LATIN else _SURE)
    return meant if is_sure and _NO_TEXT.isdisjoint(map(unicodedata.category, wide)) else ""


def _left_out(error: UnicodeError) -> tuple[bytes, int]:
    """Bytes that the charset leaves out are shown as they are."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    chars = error.object[error.start : error.end]
    if not all("\x80" <= char <= "\x9f" for char in chars):
        raise error
    return chars.encode("latin-1"), error.end


codecs.register_error(_AS_THEY_ARE, _left_out)
