"""The title of a channel's post, however the post reached the bot.

A post has no title. Its first line with words serves as one; if that line is long, its first
sentence. A longer text is cut at a word.
"""

import re
from typing import Final

from bot.text.sentences import sentences

LONGEST_POST_TITLE: Final = 150  # characters
_READ: Final = 2_000  # characters of a line, which suffice to find its first sentence
_TAG_OR_ADDRESS: Final = re.compile(r"[#@]\w+|(?:https?://|www\.|t\.me/)\S+", re.IGNORECASE)
_HAS_WORD: Final = re.compile(r"[^\W_]")
_CUT: Final = "\N{HORIZONTAL ELLIPSIS}"


def post_title(text: str) -> str:
    """Return the title of a post with *text*, on one line; "" if the text is empty.

    Lines that only have emoji, hashtags, mentions or addresses are skipped, unless there is no
    other line.
    """
    lines = [" ".join(line[:_READ].split()) for line in text.split("\n")]
    lines = [line for line in lines if line]
    line = next(filter(_tells_something, lines), lines[0] if lines else "")
    if len(line) <= LONGEST_POST_TITLE:
        return line
    start, end = sentences(line)[0]
    sentence = line[start:end]
    return sentence if len(sentence) <= LONGEST_POST_TITLE else _cut(sentence)


def _tells_something(line: str) -> bool:
    return _HAS_WORD.search(_TAG_OR_ADDRESS.sub("", line)) is not None


def _cut(text: str) -> str:
    """Cut *text* at its last word that fits; in a script without blanks anywhere."""
    room = LONGEST_POST_TITLE - len(_CUT)
    head = text[: room + 1].rpartition(" ")[0] or text[:room]
    return head.rstrip(" ,;:\u2013\u2014-") + _CUT
